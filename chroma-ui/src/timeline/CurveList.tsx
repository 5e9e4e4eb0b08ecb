import { useState } from "react";
import { count, logged } from "../lib/format";
import { ChevronDown } from "../ui/icons";
import { Sheet } from "../ui/Sheet";
import type { InkedCurve } from "./CurveLines";
import type { Reading } from "./curves";
import { GROUPS } from "./groups";
import { SHARES } from "./scales";
import styles from "./timeline.module.css";

export type ListedCurve = InkedCurve & { on: boolean; reading: Reading | null };

type Props = {
  curves: readonly ListedCurve[];
  onToggle: (curve: ListedCurve) => void;
  /** Name of the curve under the pointer, or in focus. */
  onPoint: (name: string | null) => void;
  /** Back to the curves drawn at first; null where these are drawn. */
  onReset: (() => void) | null;
};

/** What the number of a curve says: when it was logged, where that was not at the frame shown. */
function meaningOf({ values, reading }: ListedCurve): string {
  if (reading?.earlier) return `, last logged at step ${count(reading.step)}`;
  if (reading || !values?.length) return "";
  return `, first logged at step ${count(values[0].step)}`;
}

const scaleOf = ({ scale }: ListedCurve): string =>
  scale === SHARES
    ? "drawn from 0 to 1"
    : scale.log
      ? "drawn on its own log scale"
      : "drawn on its own scale";

/** The chosen curves with their values at the frame shown, and the list from which they are chosen. */
export function CurveList({ curves, onToggle, onPoint, onReset }: Props) {
  const [open, setOpen] = useState(false);
  const chosen = curves.filter(({ on }) => on);
  const rowOf = (curve: ListedCurve, where: "curve" | "curve-drawn") => (
    <li key={curve.name}>
      <button
        type="button"
        className={styles.value}
        aria-pressed={curve.on}
        title={`${curve.name}, ${scaleOf(curve)}${meaningOf(curve)}: click to ${curve.on ? "hide" : "show"} its curve`}
        data-testid={where}
        data-name={curve.name}
        onClick={() => onToggle(curve)}
        onPointerEnter={() => onPoint(curve.name)}
        onPointerLeave={() => onPoint(null)}
        onFocus={() => onPoint(curve.name)}
        onBlur={() => onPoint(null)}
      >
        <span className={styles.ink} style={{ background: curve.on ? curve.ink : "var(--line-strong)" }} />
        <span className={styles.curveName}>{curve.name}</span>
        <b data-earlier={curve.reading?.earlier || undefined}>
          {curve.reading?.earlier ? <small>step {count(curve.reading.step)} </small> : null}
          {logged(curve.reading?.value ?? null)}
        </b>
      </button>
    </li>
  );
  return (
    <div className={styles.curves}>
      <Sheet
        open={open}
        onOpenChange={setOpen}
        label="Curves to draw"
        trigger={
          <button type="button" className={styles.choose} data-testid="curves-open">
            {chosen.length} of {count(curves.length)} curves
            <ChevronDown size={12} />
          </button>
        }
        className={styles.chooser}
        side="top"
        data-testid="curves-list"
      >
        {GROUPS.map(({ name, title }) => {
          const members = curves.filter(({ group }) => group === name);
          if (members.length === 0) return null;
          return (
            <section key={name} data-group={name}>
              <h3>{title}</h3>
              <ul>{members.map((curve) => rowOf(curve, "curve"))}</ul>
            </section>
          );
        })}
        {onReset ? (
          <button type="button" className={styles.reset} onClick={onReset}>
            As at first
          </button>
        ) : null}
      </Sheet>
      <ul className={styles.values} aria-label="Curves drawn">
        {chosen.map((curve) => rowOf(curve, "curve-drawn"))}
      </ul>
    </div>
  );
}
