import { useMutation } from "urql";
import {
  DeleteRunDocument,
  RenameRunDocument,
  RestoreRunDocument,
  TagRunDocument,
  UntagRunDocument,
} from "../api/gql/graphql";
import { notify } from "../state/notices";

type Named = { id: string; name: string };
type Failed = { graphQLErrors: readonly { message: string }[]; message: string };

const why = (error: Failed) => error.graphQLErrors[0]?.message ?? error.message;

/** Renames, tags and deletes runs; tags and deletions can be undone. `onChanged` fetches the runs again. */
export function useRunChanges(onChanged: () => void) {
  const [, renameRun] = useMutation(RenameRunDocument);
  const [, tagRun] = useMutation(TagRunDocument);
  const [, untagRun] = useMutation(UntagRunDocument);
  const [, deleteRun] = useMutation(DeleteRunDocument);
  const [, restoreRun] = useMutation(RestoreRunDocument);

  const rename = async (id: string, name: string): Promise<void> => {
    const { error } = await renameRun({ id, name });
    if (error) notify(`The run was not renamed: ${why(error)}`);
    onChanged();
  };
  const restore = async (run: Named, onRestored: () => void): Promise<void> => {
    const { error } = await restoreRun({ id: run.id });
    if (error) notify(`“${run.name}” could not be restored: ${why(error)}`);
    else onRestored();
    onChanged();
  };
  const tag = async (run: Named, name: string): Promise<void> => {
    const { error } = await tagRun({ id: run.id, tag: name });
    if (error) notify(`“${run.name}” was not tagged: ${why(error)}`);
    onChanged();
  };
  const untag = async (run: Named, name: string): Promise<void> => {
    const { error } = await untagRun({ id: run.id, tag: name });
    onChanged();
    if (error) notify(`The tag was not removed from “${run.name}”: ${why(error)}`);
    else notify(`Removed “${name}” from “${run.name}”.`, { label: "Undo", run: () => void tag(run, name) });
  };
  /** `onDeleted` is called once the run is deleted, `onRestored` once that was undone. */
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
  return { rename, tag, untag, remove };
}
