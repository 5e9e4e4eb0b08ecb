import type { Film, Frame } from "../api/bytes";
import { shortened, tickOf } from "../film/frameNames";
import type { Geometry } from "./geometry";
import styles from "./timeline.module.css";

type Props = {
  geometry: Geometry;
  frames: readonly Frame[];
  axis: Film["axis"];
  index: number;
  /** Where the knob is, in CSS pixels. */
  now: number;
};

/** Width of a number under a tick, in CSS pixels. */
const NUMBER_ROOM = 30;
/** The greatest width of a name, and the width of a letter, in CSS pixels. */
const NAME_ROOM = 132;
const LETTER = 6.4;
/** Discs nearer than this would hide each other, in CSS pixels. */
const DISC_ROOM = 7;

/** Indices of the frames whose names have room, the one shown always. */
function named(xs: readonly number[], index: number, room: number): Set<number> {
  const kept: number[] = [];
  const isFree = (at: number) => kept.every((other) => Math.abs(xs[other] - xs[at]) >= room);
  kept.push(index);
  // The ends say how far the film reaches.
  for (const at of [0, xs.length - 1, ...xs.keys()]) if (isFree(at)) kept.push(at);
  return new Set(kept);
}

/** The slider's rail with a tick for each frame, gaps and the knob. */
export function Rail({ geometry, frames, axis, index, now }: Props) {
  const { height, left, inner, places, toX } = geometry;
  const last = frames.length - 1;
  const longest = Math.max(...frames.map((frame) => tickOf(frame, axis).length));
  const room = axis === "EPOCHS" ? NUMBER_ROOM : Math.min(NAME_ROOM, longest * LETTER + 12);
  const xs = frames.map((_, at) => toX(at));
  const names = named(xs, index, axis === "EPOCHS" ? Math.max(18, longest * LETTER + 8) : room);
  // Otherwise the outermost names would be cut off.
  const anchorOf = (at: number) =>
    axis === "EPOCHS" || last === 0 ? "middle" : at === 0 ? "start" : at === last ? "end" : "middle";
  return (
    <>
      <defs>
        <linearGradient id="chroma-past" x1="0" x2="1" y1="0" y2="0">
          <stop offset="0" stopColor="var(--teal)" />
          <stop offset="1" stopColor="var(--accent)" />
        </linearGradient>
      </defs>
      <line className={styles.now} x1={now} x2={now} y1={2} y2={height - 24} />
      <rect className={styles.rail} x={left} y={height - 26} width={inner} height={4} rx={2} />
      <rect
        x={left}
        y={height - 26}
        width={Math.max(0, now - left)}
        height={4}
        rx={2}
        fill="url(#chroma-past)"
      />
      {places.gaps.map(({ after, text }) => {
        const [from, to] = [toX(after) + 5, toX(after + 1) - 5];
        return (
          <g key={after} data-testid="timeline-gap">
            <title>{text}</title>
            <rect className={styles.gap} x={from} y={height - 27} width={Math.max(0, to - from)} height={6} />
            <line className={styles.gapLine} x1={from} x2={to} y1={height - 24} y2={height - 24} />
          </g>
        );
      })}
      {frames.map((frame, at) => (
        <g key={`${frame.runId} ${frame.layer} ${frame.step}`}>
          {at === 0 || xs[at] - xs[at - 1] > DISC_ROOM ? (
            <circle
              className={at <= index ? styles.tickPast : styles.tick}
              cx={xs[at]}
              cy={height - 24}
              r={2.6}
            />
          ) : null}
          {names.has(at) ? (
            <text
              data-testid="tick"
              className={at === index ? styles.numberNow : styles.number}
              x={xs[at]}
              y={height - 5}
              style={{ textAnchor: anchorOf(at) }}
            >
              {shortened(tickOf(frame, axis), Math.floor(room / LETTER))}
            </text>
          ) : null}
        </g>
      ))}
      <circle className={styles.knob} cx={now} cy={height - 24} r={8} />
      <circle className={styles.knobHeart} cx={now} cy={height - 24} r={3.6} />
    </>
  );
}
