import type { ReactNode } from "react";
import type { RunStatus } from "../api/gql/graphql";
import { useConnection } from "../state/connection";
import { Button } from "../ui/Button";
import { Logo, Warning } from "../ui/icons";
import { lazily } from "../ui/lazily";
import type { RunDetail } from "./run";
import styles from "./states.module.css";

const ENDED: Record<RunStatus, string> = {
  RUNNING: "No snapshots yet",
  FINISHED: "This run finished without a snapshot",
  FAILED: "This run failed before its first snapshot",
  INTERRUPTED: "This run was interrupted before its first snapshot",
};

function Message(props: { title: string; children: ReactNode; icon?: ReactNode; testId?: string }) {
  return (
    <div className={styles.message} data-testid={props.testId}>
      {props.icon ?? <Logo size={40} />}
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

const Start = lazily(() => import("../start/Start"));

/** Loaded when it is shown: most homes have runs. */
export function NoRuns() {
  return <Start />;
}

export function NoSuchRun({ onOpen }: { onOpen: () => void }) {
  return (
    <Message title="This run is not here" testId="empty-state" icon={<Warning size={32} />}>
      <p>The link names a run that was deleted or is in another home folder.</p>
      <Button onClick={onOpen}>Open the newest run</Button>
    </Message>
  );
}

/** What happened to a run without snapshots of the chosen layer and split; `chosen` names them where it has others. */
export function NoSnapshots({ run, chosen }: { run: RunDetail; chosen: string | null }) {
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

export function FilmFailed({ problem, onRetry }: { problem: string; onRetry: () => void }) {
  return (
    <Message title="The film could not be computed" testId="film-failed" icon={<Warning size={32} />}>
      <p>{problem}</p>
      <Button look="accent" onClick={onRetry} data-testid="retry">
        Try again
      </Button>
    </Message>
  );
}

export function Unauthorised() {
  const stranger = useConnection((connection) => connection.stranger);
  return (
    <Message
      title={stranger ? "You are not a member yet" : "This dashboard needs its token"}
      testId={stranger ? "stranger" : "unauthorised"}
      icon={<Warning size={32} />}
    >
      <p>
        {stranger ? (
          `${stranger.charAt(0).toUpperCase()}${stranger.slice(1)}.`
        ) : (
          <>
            Open the address that <code>chroma ui</code> printed: it carries the token, and this browser then
            keeps it. If you sign in to reach it, load the page again.
          </>
        )}
      </p>
      <Button onClick={() => window.location.reload()}>Load again</Button>
    </Message>
  );
}

export function Refused({ problem }: { problem: string }) {
  return (
    <Message title="The server could not answer" testId="refused" icon={<Warning size={32} />}>
      <p>{problem}</p>
      <Button onClick={() => window.location.reload()}>Load again</Button>
    </Message>
  );
}
