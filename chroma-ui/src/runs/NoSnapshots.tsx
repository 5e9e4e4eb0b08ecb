import type { RunStatus } from "../api/gql/graphql";
import { Warning } from "../ui/icons";
import { Message } from "./Message";
import type { RunDetail } from "./run";
import styles from "./states.module.css";

const ENDED: Record<RunStatus, string> = {
  RUNNING: "No snapshots yet",
  FINISHED: "This run finished without a snapshot",
  FAILED: "This run failed before its first snapshot",
  INTERRUPTED: "This run was interrupted before its first snapshot",
};

/** What happened to a run without snapshots of the chosen layer and split; `chosen` names them where it has others. */
export default function NoSnapshots({ run, chosen }: { run: RunDetail; chosen: string | null }) {
  const { status, error } = run;
  const failed = status === "FAILED" || status === "INTERRUPTED";
  return (
    <Message
      title={chosen ? `No snapshots of ${chosen}` : ENDED[status]}
      testId="empty-state"
      icon={failed ? <Warning size={32} /> : null}
    >
      {failed && error ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long error is scrolled by key
        <pre className={styles.snippet} tabIndex={0}>
          {error}
        </pre>
      ) : null}
      <p>{whyNone(status, error)}</p>
    </Message>
  );
}

function whyNone(status: RunStatus, error: string | null): string {
  if (status === "RUNNING")
    return "The first one is taken at the end of the first validation epoch; it appears here by itself.";
  if (status === "FINISHED")
    return "Nothing was captured before it ended. Its receipt, under Run, says what was looked for and why it is missing.";
  if (status === "FAILED")
    return error
      ? "The training ended with this error; what Chroma had captured is under Run."
      : "The training ended with an error that it did not name; its own output says which.";
  return "Its process ended without finishing the run: it was killed, or the machine stopped. The same run_id continues it.";
}
