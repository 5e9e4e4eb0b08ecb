import { count } from "../lib/format";
import { Warning } from "../ui/icons";
import { Sheet } from "../ui/Sheet";
import styles from "./homeBadge.module.css";
import { type Trouble, troublesOf } from "./troubles";
import { useHomeState } from "./useHomeState";

type Props = { nameOf: (run: string) => string | null };

/** How far ingest is while it is behind, and a quiet badge that lists what is damaged, missing, set aside or down. */
export function HomeBadge({ nameOf }: Props) {
  const home = useHomeState();
  if (!home) return null;
  const { taken, of, caughtUp } = home.ingest;
  const troubles = troublesOf(home);
  return (
    <>
      {caughtUp ? null : (
        <p className={styles.ingest} role="status" data-testid="ingest-progress">
          Taking in {count(taken)} of {count(of)} segments
        </p>
      )}
      {troubles.length ? (
        <Sheet
          label="Problems of the home"
          trigger={
            <button
              type="button"
              className={styles.badge}
              aria-label={`${count(troubles.length)} ${troubles.length === 1 ? "problem" : "problems"} of the home`}
              data-testid="home-badge"
            >
              <Warning size={14} />
              {count(troubles.length)}
            </button>
          }
          align="center"
          className={styles.list}
          data-testid="home-troubles"
        >
          <Troubles troubles={troubles} nameOf={nameOf} />
        </Sheet>
      ) : null}
    </>
  );
}

/** A list of troubles, each with the way out. */
export function Troubles({ troubles, nameOf }: Props & { troubles: readonly Trouble[] }) {
  return (
    <ul className={styles.troubles}>
      {troubles.map(({ run, title, reason, wayOut }) => (
        <li key={`${run} ${title} ${reason}`}>
          <b>
            {title}
            {run === null || nameOf(run) === null ? "" : ` of ${nameOf(run)}`}
          </b>
          <p>{reason}</p>
          {wayOut ? <p className={styles.wayOut}>{wayOut}</p> : null}
        </li>
      ))}
    </ul>
  );
}
