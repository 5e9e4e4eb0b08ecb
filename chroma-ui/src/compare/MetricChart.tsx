import { useRef, useState } from "react";
import { count, decimal, logged } from "../lib/format";
import { useSize } from "../lib/useSize";
import { smoothPath } from "../timeline/curves";
import { heightIn, scaleFor } from "../timeline/scales";
import { INKS } from "../timeline/Timeline";
import type { curvesOf } from "./numbers";
import styles from "./numbers.module.css";
import { letterOf } from "./PaneHead";

type Props = { name: string; curves: ReturnType<typeof curvesOf> };

const HEIGHT = 132;
const EDGE = { left: 4, right: 4, top: 6, bottom: 4 };

/** One metric of all runs; the values under the pointer stand below. */
export function MetricChart({ name, curves: { axis, series } }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  const [pointed, setPointed] = useState<number | null>(null);
  const finite = series.map((points) => points.filter(({ value }) => Number.isFinite(value)));
  const all = finite.flat();
  if (all.length === 0) return <p className={styles.note}>No run has a finite value of {name}.</p>;
  const scale = scaleFor(all.map(({ value }) => value));
  const first = Math.min(...all.map(({ at }) => at));
  const last = Math.max(...all.map(({ at }) => at));
  const toX = (at: number) =>
    EDGE.left + (last > first ? (at - first) / (last - first) : 0.5) * (width - EDGE.left - EDGE.right);
  const toY = (value: number) => EDGE.top + (1 - heightIn(scale, value)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const place = pointed ?? last;
  const valueAt = (points: (typeof series)[number]) =>
    points.reduce<number | null>((found, { at, value }) => (at <= place ? value : found), null);
  return (
    <div ref={box} className={styles.chart} data-testid="metric-chart">
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`${name} of ${series.length} runs by ${axis}, ${decimal(scale.low)} to ${decimal(scale.high)}`}
        onPointerMove={(event) => {
          const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
          const share = (x - EDGE.left) / Math.max(1, width - EDGE.left - EDGE.right);
          const at = first + Math.min(1, Math.max(0, share)) * (last - first);
          const near = all.reduce((best, point) =>
            Math.abs(point.at - at) < Math.abs(best.at - at) ? point : best,
          );
          setPointed(near.at);
        }}
        onPointerLeave={() => setPointed(null)}
      >
        <line className={styles.axis} x1="0" x2={width} y1={toY(scale.low)} y2={toY(scale.low)} />
        <line className={styles.axis} x1="0" x2={width} y1={toY(scale.high)} y2={toY(scale.high)} />
        {pointed === null ? null : (
          <line className={styles.pointer} x1={toX(place)} x2={toX(place)} y1="0" y2={HEIGHT} />
        )}
        {finite.map((points, run) => (
          <path
            // biome-ignore lint/suspicious/noArrayIndexKey: a run keeps its pane
            key={run}
            d={smoothPath(points.map(({ at, value }) => ({ x: toX(at), y: toY(value) })))}
            stroke={INKS[run % INKS.length]}
            data-testid="metric-curve"
          />
        ))}
      </svg>
      <p className={styles.ends}>
        <span>
          {decimal(scale.low)} to {decimal(scale.high)}
          {scale.log ? ", logarithmic" : ""}
        </span>
        <span>
          {axis} {count(first)} to {count(last)}
        </span>
      </p>
      <p className={styles.readout} role="status">
        <span>
          at {axis} {count(place)}
        </span>
        {series.map((points, run) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a run keeps its pane
          <span key={run}>
            <i style={{ background: INKS[run % INKS.length] }} />
            {letterOf(run)} <b>{logged(valueAt(points))}</b>
          </span>
        ))}
      </p>
    </div>
  );
}
