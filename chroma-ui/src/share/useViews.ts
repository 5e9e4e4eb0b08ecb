import { useMutation, useQuery } from "urql";
import { DeleteViewDocument, SaveViewDocument, ViewsDocument, type ViewsQuery } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { notify } from "../state/notices";

export type SavedView = ViewsQuery["views"][number];

type Failed = { graphQLErrors: readonly { message: string }[]; message: string };

export const why = (error: Failed) => error.graphQLErrors[0]?.message ?? error.message;

/** The saved views of all runs, newest first, and how to save, rename and delete them; deleting can be undone. */
export function useViews() {
  const [{ data, fetching }, refetch] = useQuery({
    query: ViewsDocument,
    requestPolicy: "cache-and-network",
  });
  const [, saveView] = useMutation(SaveViewDocument);
  const [, deleteView] = useMutation(DeleteViewDocument);
  const again = () => refetch({ requestPolicy: "network-only" });
  useEvents((events) => {
    if (events.some(({ kind }) => ["VIEW", "RUN", "LISTENING"].includes(kind))) again();
  });

  const save = async (runId: string, name: string, address: string, id?: string): Promise<boolean> => {
    const { error } = await saveView({ runId, name, address, id });
    if (error) notify(`The view was not saved: ${why(error)}`);
    again();
    return !error;
  };
  const remove = async ({ id, runId, name, address }: SavedView): Promise<void> => {
    const { error } = await deleteView({ id });
    again();
    if (error) notify(`“${name}” was not deleted: ${why(error)}`);
    else {
      notify(`Deleted the view “${name}”.`, {
        label: "Undo",
        run: () => void save(runId, name, address, id),
      });
    }
  };
  return { views: data?.views ?? null, fetching, save, remove };
}
