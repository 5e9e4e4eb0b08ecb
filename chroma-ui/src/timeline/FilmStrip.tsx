import { type PointerEvent, useRef, useState } from "react";
import type { Film, Frame } from "../api/bytes";
import { shortened, spoken, tickOf } from "../film/frameNames";
import { useSize } from "../lib/useSize";
import { type Curve, piecesOf, rise, smoothPath } from "./curves";
import { indexAt, placeOf, placesOf } from "./places";
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

/** Crosses nearer than this would hide each other, in CSS pixels. */
const CROSS_ROOM = 9;

/** Of ascending places those that are far enough from the one before. */
function spacedOut(places: readonly number[]): number[] {
  const kept: number[] = [];
  for (const place of places)
    if (kept.length === 0 || place - kept[kept.length - 1] >= CROSS_ROOM) kept.push(place);
  return kept;
}

export function FilmStrip({ frames, axis, index, curves, onScrub }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(element);
  const last = frames.length - 1;
  const chart = Math.max(0, height - 38);
  const inner = Math.max(1, width - 2 * EDGE);
  const places = placesOf(frames, axis);
  const whole = places.at[last] ?? 0;
  const xOf = (place: number) => EDGE + (whole > 0 ? (place / whole) * inner : inner / 2);
  const toX = (at: number) => xOf(placeOf(places, at));
  const toY = (share: number) => 6 + (1 - share) * (chart - 10);
  const longest = Math.max(...frames.map((frame) => tickOf(frame, axis).length));
  const room = axis === "EPOCHS" ? NUMBER_ROOM : Math.min(NAME_ROOM, longest * LETTER + 12);
  const stride = Math.max(1, Math.ceil(((whole + 1) * room) / inner));
  const [dragged, setDragged] = useState<number | null>(null);
  const now = toX(dragged ?? index);
  // Otherwise the outermost names would be cut off.
  const anchorOf = (at: number) =>
    axis === "EPOCHS" || last === 0 ? "middle" : at === 0 ? "start" : at === last ? "end" : "middle";
  const lines = curves.map((curve) => ({
    ...curve,
    pieces: piecesOf(curve, places.gaps).map((points) => ({
      path: smoothPath(points.map(({ at, height }) => ({ x: toX(at), y: toY(height) }))),
      ends: [points[0], points[points.length - 1]].map(({ at }) => toX(at)),
    })),
    crosses: spacedOut(curve.broken.map(({ at }) => toX(at))),
  }));
  // The area is filled under the curve that rises most: it says most about learning.
  const risen = lines.reduce<(typeof lines)[number] | null>(
    (best, line) => (rise(line) > Math.max(0.1, best ? rise(best) : 0) ? line : best),
    null,
  );

  const scrubTo = (event: PointerEvent<HTMLDivElement>) => {
    const left = event.currentTarget.getBoundingClientRect().left;
    const at = indexAt(places, Math.max(0, ((event.clientX - left - EDGE) / inner) * whole));
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
            {lines.flatMap((line) =>
              line.pieces.map(({ path }) => <path key={`${line.name} ${path}`} d={path} stroke={line.ink} />),
            )}
          </g>
          {lines.flatMap((line) =>
            line.crosses.map((x) => (
              <path
                key={`${line.name} ${x}`}
                className={styles.cross}
                d={`M${x - 3},${toY(1) - 3}l6,6m0,-6l-6,6`}
                stroke={line.ink}
              />
            )),
          )}
          <g clipPath="url(#chroma-played)">
            {risen?.pieces.map(({ path, ends: [first, end] }) => (
              <path key={path} d={`${path}L${end},${toY(0)}L${first},${toY(0)}Z`} fill="url(#chroma-area)" />
            ))}
            {lines.flatMap((line) =>
              line.pieces.map(({ path }) => <path key={`${line.name} ${path}`} d={path} stroke={line.ink} />),
            )}
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
          {places.gaps.map(({ after, text }) => {
            const [from, to] = [toX(after) + 5, toX(after + 1) - 5];
            return (
              <g key={after} data-testid="timeline-gap">
                <title>{text}</title>
                <rect
                  className={styles.gap}
                  x={from}
                  y={height - 27}
                  width={Math.max(0, to - from)}
                  height={6}
                />
                <line className={styles.gapLine} x1={from} x2={to} y1={height - 24} y2={height - 24} />
              </g>
            );
          })}
          {frames.map((frame, at) => (
            <g key={`${frame.runId} ${frame.layer} ${frame.step}`}>
              {inner / Math.max(1, whole) > 7 ? (
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
