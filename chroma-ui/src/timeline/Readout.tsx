import type { Film, Frame } from "../api/bytes";
import { momentOf, spoken } from "../film/frameNames";
import { count, logged } from "../lib/format";
import type { InkedCurve } from "./CurveLines";
import { stepAt, valueAt } from "./curves";
import styles from "./readout.module.css";

type Props = {
  frames: readonly Frame[];
  axis: Film["axis"];
  /** The position on the slider under the pointer. */
  at: number;
  curves: readonly InkedCurve[];
  /** Where that is, of which width, in CSS pixels. */
  x: number;
  width: number;
};

/** A pointer so near to a frame, in frames, means the frame. */
const NEAR = 0.15;

/** The values of the curves under the pointer. */
export function Readout({ frames, axis, at, curves, x, width }: Props) {
  const near = Math.round(at);
  const frame = frames[near];
  const onFrame = Math.abs(at - near) <= NEAR || axis !== "EPOCHS";
  const place = onFrame ? near : at;
  const side = x > width / 2 ? { right: width - x + 10 } : { left: x + 10 };
  return (
    <div className={styles.readout} style={side} data-testid="readout">
      <p>
        {onFrame
          ? axis === "EPOCHS"
            ? momentOf(frame)
            : spoken(frame, axis)
          : `step ${count(Math.round(stepAt(at, frames)))}`}
      </p>
      <ul>
        {curves.map((curve) => (
          <li key={curve.name} data-name={curve.name}>
            <span className={styles.ink} style={{ background: curve.ink }} />
            <span className={styles.name}>{curve.name}</span>
            <b>{logged(valueAt(curve, frames, place))}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}
