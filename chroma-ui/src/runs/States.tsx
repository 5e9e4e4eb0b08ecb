import type { ReactNode } from "react";
import { Button } from "../ui/Button";
import { Logo, Warning } from "../ui/icons";
import styles from "./states.module.css";

function Message(props: { title: string; children: ReactNode; icon?: ReactNode; testId?: string }) {
  return (
    <div className={styles.message} data-testid={props.testId}>
      {props.icon ?? <Logo size={40} />}
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

const ONE_LINE = `import chroma

chroma.autolog()  # then train as always`;

const CALLBACK = `from chroma.integrations.lightning import ChromaCallback

trainer = L.Trainer(callbacks=[ChromaCallback()])`;

export function NoRuns() {
  return (
    <Message title="No runs yet" testId="empty-state">
      <p>
        Add one line at the top of a Lightning or Keras script. The film appears here while the model trains.
      </p>
      <pre className={styles.snippet}>{ONE_LINE}</pre>
      <p>Or add the callback to the trainer:</p>
      <pre className={styles.snippet}>{CALLBACK}</pre>
    </Message>
  );
}

export function NoSuchRun({ onOpen }: { onOpen: () => void }) {
  return (
    <Message title="This run is not here" testId="empty-state" icon={<Warning size={32} />}>
      <p>The link names a run that was deleted or is in another home folder.</p>
      <Button onClick={onOpen}>Open the newest run</Button>
    </Message>
  );
}

export function NoSnapshots({ running, chosen }: { running: boolean; chosen: string | null }) {
  return (
    <Message title={chosen ? `No snapshots of ${chosen}` : "No snapshots yet"} testId="empty-state">
      <p>
        {running
          ? "The first one is taken at the end of the first validation epoch; it appears here by itself."
          : "This run ended before a snapshot was taken."}
      </p>
    </Message>
  );
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
  return (
    <Message title="This dashboard needs its token" testId="unauthorised" icon={<Warning size={32} />}>
      <p>
        Open the address that <code>chroma ui</code> printed: it carries the token, and this browser then
        keeps it.
      </p>
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
