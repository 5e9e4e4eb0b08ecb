import { useState } from "react";
import { count } from "../lib/format";
import { useView } from "../state/view";
import { Section } from "../ui/controls";
import styles from "./feed.module.css";
import { openFinding } from "./openFinding";
import { keyOf, type RunEvent } from "./useRunEvents";

const AT_FIRST = 5;
const WORDS = { ERROR: "error", WARNING: "warning", INFO: "information" } as const;

const momentOf = ({ epoch, step, split, layer }: RunEvent): string =>
  [epoch === null ? null : `epoch ${epoch}`, `step ${count(step)}`, split, layer]
    .filter((part) => part !== null)
    .join(" · ");

/** What happened in a run, the newest first: alarms, and what the user reported; a click goes there. */
export function Feed({ events }: { events: readonly RunEvent[] }) {
  const [all, setAll] = useState(false);
  const opened = useView((view) => view.finding);
  if (events.length === 0) return null;
  const newest = [...events].reverse();
  const listed = all ? newest : newest.slice(0, AT_FIRST);
  return (
    <Section title="Alarms and events" note={count(events.length)}>
      <ol className={styles.feed} data-testid="feed">
        {listed.map((event) => (
          <li key={event.id}>
            <button
              type="button"
              className={styles.event}
              data-level={event.level}
              data-open={opened === keyOf(event) || undefined}
              data-testid="run-event"
              onClick={() => openFinding(event.view, keyOf(event))}
            >
              <span className={styles.level} role="img" aria-label={WORDS[event.level]} />
              <b>{event.title}</b>
              {event.text ? <span className={styles.text}>{event.text}</span> : null}
              <small>{momentOf(event)}</small>
            </button>
          </li>
        ))}
      </ol>
      {events.length > AT_FIRST ? (
        <button type="button" className={styles.more} onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${count(events.length)}`}
        </button>
      ) : null}
    </Section>
  );
}
