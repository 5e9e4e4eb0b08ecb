import { count, logged } from "../lib/format";
import type { Curve, Reading } from "./curves";
import styles from "./timeline.module.css";

export type ListedCurve = Curve & { ink: string; on: boolean; reading: Reading | null };

type Props = { curves: readonly ListedCurve[]; onToggle: (curve: ListedCurve) => void };

/** What the number of a curve says: when it was logged, where that was not at the frame shown. */
function meaningOf({ values, reading }: ListedCurve): string {
  if (reading?.earlier) return `, last logged at step ${count(reading.step)}`;
  if (reading || !values?.length) return "";
  return `, first logged at step ${count(values[0].step)}`;
}

/** All curves with their values at the frame shown; a click shows or hides one. */
export function CurveList({ curves, onToggle }: Props) {
  return (
    <ul className={styles.values} aria-label="Curves">
      {curves.map((curve) => {
        const { name, on, ink, reading } = curve;
        return (
          <li key={name}>
            <button
              type="button"
              className={styles.value}
              aria-pressed={on}
              title={`${name}${meaningOf(curve)}: click to ${on ? "hide" : "show"} its curve`}
              data-testid="curve"
              data-name={name}
              onClick={() => onToggle(curve)}
            >
              <span className={styles.ink} style={{ background: on ? ink : "var(--line-strong)" }} />
              <span className={styles.curveName}>{name}</span>
              <b data-earlier={reading?.earlier || undefined}>
                {reading?.earlier ? <small>step {count(reading.step)} </small> : null}
                {logged(reading?.value ?? null)}
              </b>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
