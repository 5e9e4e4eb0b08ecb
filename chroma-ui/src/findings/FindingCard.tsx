import { useEffect, useRef } from "react";
import { count } from "../lib/format";
import type { RunDetail } from "../runs/run";
import { useView } from "../state/view";
import { FoundSamples } from "./FoundSamples";
import styles from "./findings.module.css";
import { KindIcon } from "./kinds";
import { openFinding } from "./openFinding";
import type { Finding } from "./useFindings";

type Props = { run: RunDetail; finding: Finding; isOpen: boolean };

/** Where it was found. */
function placeOf({ split, layer, epoch, step }: Finding): string {
  const moment = epoch !== null ? `epoch ${epoch}` : step !== null ? `step ${count(step)}` : null;
  return [split, layer, moment].filter((part) => part !== null).join(" · ");
}

/** One finding; a click restores its view and shows the samples behind it. */
export function FindingCard({ run, finding, isOpen }: Props) {
  const card = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isOpen) card.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  const { key, kind, title, text, count: n, of, view, method } = finding;
  const place = placeOf(finding);
  return (
    <li ref={card} className={styles.card} data-open={isOpen || undefined} data-kind={kind}>
      <button
        type="button"
        className={styles.finding}
        aria-expanded={isOpen}
        data-testid="finding"
        data-key={key}
        onClick={() => (isOpen ? useView.getState().setFinding(null) : openFinding(view, key))}
      >
        <span className={styles.icon}>
          <KindIcon kind={kind} />
        </span>
        <span className={styles.head}>
          <b>{title}</b>
          {n === null ? null : (
            <span className={styles.count}>
              {count(n)}
              {of === null ? "" : ` of ${count(of)}`}
            </span>
          )}
        </span>
        <span className={styles.text}>{text}</span>
        {place ? <span className={styles.place}>{place}</span> : null}
      </button>
      {isOpen ? (
        <div className={styles.details} data-testid="finding-details">
          {n ? <FoundSamples run={run} findingKey={key} n={n} /> : null}
          <p className={styles.method}>{method}</p>
        </div>
      ) : null}
    </li>
  );
}
