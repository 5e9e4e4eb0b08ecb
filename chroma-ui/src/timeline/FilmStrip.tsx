import { type PointerEvent, useRef, useState } from "react";
import type { Film, Frame } from "../api/bytes";
import { shortened, spoken, tickOf } from "../film/frameNames";
import { useSize } from "../lib/useSize";
import { type Curve, rise, smoothPath } from "./curves";
import styles from "./timeline.module.css";

type Props = {
  frames: readonly Frame[];
  axis: Film["axis"];
  index: number;
  curves: readonly (Curve & { ink: string })[];
  /** A position between frames while the slider is dragged; null when it is released. */
  onScrub: (at: number | null) => void;
};

/** Margin left and right for the knob and the outermost numbers, in CSS pixels. */
const EDGE = 14;
/** Width of a number under a tick, in CSS pixels. */
const NUMBER_ROOM = 30;
/** The greatest width of a name, and the width of a letter, in CSS pixels. */
const NAME_ROOM = 132;
const LETTER = 6.4;

export function FilmStrip({ frames, axis, index, curves, onScrub }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(element);
  const last = frames.length - 1;
  const chart = Math.max(0, height - 38);
  const inner = Math.max(1, width - 2 * EDGE);
  const toX = (at: number) => EDGE + (last > 0 ? (at / last) * inner : inner / 2);
  const toY = (share: number) => 6 + (1 - share) * (chart - 10);
  const longest = Math.max(...frames.map((frame) => tickOf(frame, axis).length));
  const room = axis === "EPOCHS" ? NUMBER_ROOM : Math.min(NAME_ROOM, longest * LETTER + 12);
  const stride = Math.max(1, Math.ceil((frames.length * room) / inner));
  const [dragged, setDragged] = useState<number | null>(null);
  const now = toX(dragged ?? index);
  // Otherwise the outermost names would be cut off.
  const anchorOf = (at: number) =>
    axis === "EPOCHS" || last === 0 ? "middle" : at === 0 ? "start" : at === last ? "end" : "middle";
  const lines = curves.map((curve) => ({
    ...curve,
    path: smoothPath(curve.points.map(({ at, height }) => ({ x: toX(at), y: toY(height) }))),
  }));
  // The area is filled under the curve that rises most: it says most about learning.
  const risen = lines.reduce<(typeof lines)[number] | null>(
    (best, line) => (rise(line) > Math.max(0.1, best ? rise(best) : 0) ? line : best),
    null,
  );

  const scrubTo = (event: PointerEvent<HTMLDivElement>) => {
    const left = event.currentTarget.getBoundingClientRect().left;
    const at = Math.min(last, Math.max(0, ((event.clientX - left - EDGE) / inner) * last));
    setDragged(at);
    onScrub(at);
  };
  const letGo = () => {
    if (dragged === null) return;
    setDragged(null);
    onScrub(null);
  };

  return (
    <div
      ref={element}
      className={styles.strip}
      role="slider"
      tabIndex={0}
      aria-label={{ EPOCHS: "Epoch", LAYERS: "Layer", RUNS: "Run" }[axis]}
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={index}
      aria-valuetext={spoken(frames[index], axis)}
      data-testid="timeline-slider"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        scrubTo(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) scrubTo(event);
      }}
      onPointerUp={letGo}
      onPointerCancel={letGo}
    >
      {width > 0 ? (
        <svg width={width} height={height} aria-hidden="true">
          <defs>
            <linearGradient id="chroma-past" x1="0" x2="1" y1="0" y2="0">
              <stop offset="0" stopColor="var(--teal)" />
              <stop offset="1" stopColor="var(--accent)" />
            </linearGradient>
            <linearGradient id="chroma-area" x1="0" x2="0" y1="0" y2="1">
              <stop offset="0" stopColor={risen?.ink ?? "var(--teal)"} stopOpacity="0.26" />
              <stop offset="1" stopColor={risen?.ink ?? "var(--teal)"} stopOpacity="0" />
            </linearGradient>
            <clipPath id="chroma-played">
              <rect x="0" y="0" width={now} height={height} />
            </clipPath>
          </defs>
          {[0, 0.5, 1].map((share) => (
            <line
              key={share}
              className={styles.grid}
              x1={EDGE}
              x2={width - EDGE}
              y1={toY(share)}
              y2={toY(share)}
            />
          ))}
          <g className={styles.ahead}>
            {lines.map((line) => (
              <path key={line.name} d={line.path} stroke={line.ink} />
            ))}
          </g>
          <g clipPath="url(#chroma-played)">
            {risen ? (
              <path
                d={`${risen.path}L${toX(risen.points[risen.points.length - 1].at)},${toY(0)}L${toX(risen.points[0].at)},${toY(0)}Z`}
                fill="url(#chroma-area)"
              />
            ) : null}
            {lines.map((line) => (
              <path key={line.name} className={styles.curve} d={line.path} stroke={line.ink} />
            ))}
          </g>
          <line className={styles.now} x1={now} x2={now} y1={2} y2={height - 24} />
          <rect className={styles.rail} x={EDGE} y={height - 26} width={inner} height={4} rx={2} />
          <rect
            x={EDGE}
            y={height - 26}
            width={Math.max(0, now - EDGE)}
            height={4}
            rx={2}
            fill="url(#chroma-past)"
          />
          {frames.map((frame, at) => (
            <g key={`${frame.runId} ${frame.layer} ${frame.step}`}>
              {inner / Math.max(1, last) > 7 ? (
                <circle
                  className={at <= index ? styles.tickPast : styles.tick}
                  cx={toX(at)}
                  cy={height - 24}
                  r={2.6}
                />
              ) : null}
              {at % stride === 0 || at === index ? (
                <text
                  className={at === index ? styles.numberNow : styles.number}
                  x={toX(at)}
                  y={height - 5}
                  style={{ textAnchor: anchorOf(at) }}
                  opacity={at !== index && Math.abs(toX(at) - now) < room * 0.7 && stride > 1 ? 0 : 1}
                >
                  {shortened(tickOf(frame, axis), Math.floor(room / LETTER))}
                </text>
              ) : null}
            </g>
          ))}
          <circle className={styles.knob} cx={now} cy={height - 24} r={8} />
          <circle className={styles.knobHeart} cx={now} cy={height - 24} r={3.6} />
        </svg>
      ) : null}
    </div>
  );
}
