import { useMutation } from "urql";
import { DeleteRunDocument, RenameRunDocument, RestoreRunDocument } from "../api/gql/graphql";
import { notify } from "../state/notices";

type Named = { id: string; name: string };
type Failed = { graphQLErrors: readonly { message: string }[]; message: string };

const why = (error: Failed) => error.graphQLErrors[0]?.message ?? error.message;

/** Renames and deletes runs; a deletion can be undone. `onChanged` asks for the runs again. */
export function useRunChanges(onChanged: () => void) {
  const [, renameRun] = useMutation(RenameRunDocument);
  const [, deleteRun] = useMutation(DeleteRunDocument);
  const [, restoreRun] = useMutation(RestoreRunDocument);

  const rename = async (id: string, name: string): Promise<void> => {
    const { error } = await renameRun({ id, name });
    if (error) notify(`The run was not renamed: ${why(error)}`);
    onChanged();
  };
  const restore = async (run: Named, onRestored: () => void): Promise<void> => {
    const { error } = await restoreRun({ id: run.id });
    if (error) notify(`“${run.name}” could not be brought back: ${why(error)}`);
    else onRestored();
    onChanged();
  };
  /** `onDeleted` and `onRestored` follow what happened. */
  const remove = async (run: Named, onDeleted?: () => void, onRestored?: () => void): Promise<void> => {
    const { error } = await deleteRun({ id: run.id });
    if (error) {
      notify(`“${run.name}” was not deleted: ${why(error)}`);
      return;
    }
    onDeleted?.();
    onChanged();
    notify(`Deleted “${run.name}”.`, {
      label: "Undo",
      run: () => void restore(run, () => onRestored?.()),
    });
  };
  return { rename, remove };
}
