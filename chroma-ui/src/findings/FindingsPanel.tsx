import type { RunDetail } from "../runs/run";
import { useView } from "../state/view";
import { Button } from "../ui/Button";
import { Section } from "../ui/controls";
import { Feed } from "./Feed";
import { FindingCard } from "./FindingCard";
import styles from "./findings.module.css";
import { KINDS } from "./kinds";
import { Queues } from "./Queues";
import { type FindingsOfRun, useFindings } from "./useFindings";
import { isReported, useRunEvents } from "./useRunEvents";

/** What deserves a look in a run, ranked; each finding restores the view that shows it. */
export function FindingsPanel({ run }: { run: RunDetail }) {
  const { findings, problem, look } = useFindings(run.id);
  const events = useRunEvents(run.id);
  const opened = useView((view) => view.finding);
  if (problem) return <p className={styles.problem}>{problem}</p>;
  if (!findings) return <p className={styles.note}>…</p>;
  const { refused, queues } = findings;
  const found = findings.found.filter((finding) => !isReported(finding));
  return (
    <div className={styles.panel} data-testid="findings">
      <State
        findings={findings}
        isEmpty={found.length === 0}
        running={run.status === "RUNNING"}
        onLook={() => void look()}
      />
      <Feed events={events} />
      {queues.length ? <Queues queues={queues} followed={run.snapshots.map(({ split }) => split)} /> : null}
      {found.length ? (
        <ol className={styles.list}>
          {found.map((finding) => (
            <FindingCard key={finding.key} run={run} finding={finding} isOpen={finding.key === opened} />
          ))}
        </ol>
      ) : null}
      {refused.length ? (
        <Section title="Cannot say" note={`${refused.length}`}>
          <ul className={styles.refusals} data-testid="findings-refused">
            {refused.map(({ kind, reason }) => (
              <li key={`${kind} ${reason}`}>
                <b>{KINDS[kind].title}</b>
                <span>{reason}</span>
              </li>
            ))}
          </ul>
        </Section>
      ) : null}
    </div>
  );
}

type StateProps = { findings: FindingsOfRun; isEmpty: boolean; running: boolean; onLook: () => void };

/** How far the findings are, and that nothing was found. */
function State({ findings, isEmpty, running, onLook }: StateProps) {
  const { status, progress, message, error, stale, madeAt } = findings;
  if (status === "PENDING" || status === "RUNNING") {
    return (
      <div className={styles.state} role="status" data-testid="findings-progress">
        <p>{message || "Looking for findings"}</p>
        <div className={styles.bar}>
          <span style={{ width: `${Math.round(100 * progress)}%` }} />
        </div>
      </div>
    );
  }
  if (status === "FAILED") {
    return (
      <div className={styles.problem} role="alert">
        <p>{error ?? "The findings were not made."}</p>
        <Button onClick={onLook}>Try again</Button>
      </div>
    );
  }
  if (madeAt === null) {
    return (
      <div className={styles.state} data-testid="findings-none-yet">
        <p>
          {running
            ? "Findings are made when the run has ended. They can be looked for in what is there now."
            : "Nothing was looked for yet."}
        </p>
        <Button onClick={onLook}>Look now</Button>
      </div>
    );
  }
  return (
    <>
      {stale ? (
        <div className={styles.state} data-testid="findings-stale">
          <p>These are of an earlier state of the run.</p>
          <Button onClick={onLook}>Look again</Button>
        </div>
      ) : null}
      {isEmpty ? (
        <p className={styles.nothing} data-testid="findings-empty">
          Nothing stands out.
        </p>
      ) : null}
    </>
  );
}
