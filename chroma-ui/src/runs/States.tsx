import { Button } from "../ui/Button";
import { Warning } from "../ui/icons";
import { lazily } from "../ui/lazily";
import { Message } from "./Message";

/** Loaded when it is shown: who has the token never sees it. */
export const Unauthorised = lazily(() => import("./Stranger"));

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

/** Loaded when it is shown: most runs have snapshots. */
export const NoSnapshots = lazily(() => import("./NoSnapshots"));

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

export function Refused({ problem }: { problem: string }) {
  return (
    <Message title="The server could not answer" testId="refused" icon={<Warning size={32} />}>
      <p>{problem}</p>
      <Button onClick={() => window.location.reload()}>Load again</Button>
    </Message>
  );
}
