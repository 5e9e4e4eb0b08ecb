import { decimal } from "../lib/format";
import { type Curve, piecesOf, rise, smoothPath } from "./curves";
import type { Geometry } from "./geometry";
import { SHARES } from "./scales";
import styles from "./timeline.module.css";

export type InkedCurve = Curve & { ink: string };

type Props = {
  geometry: Geometry;
  curves: readonly InkedCurve[];
  /** The curve whose own axis stands at the right; it is drawn above the others. */
  lead: InkedCurve | null;
  /** Whether a person points at the lead. */
  pointed: boolean;
  /** Where the frame shown is, in CSS pixels. */
  now: number;
};

const endOf = (value: number): string => (value === 0 ? "0" : decimal(value));

/** Crosses nearer than this would hide each other, in CSS pixels. */
const CROSS_ROOM = 9;

/** Of ascending places those that are far enough from the one before. */
function spacedOut(places: readonly number[]): number[] {
  const kept: number[] = [];
  for (const place of places)
    if (kept.length === 0 || place - kept[kept.length - 1] >= CROSS_ROOM) kept.push(place);
  return kept;
}

/** The curves above the slider, and their axes: shares at the left, one that has its own scale at the right. */
export function CurveLines({ geometry, curves, lead, pointed, now }: Props) {
  const { height, left, inner, roomy, places, toX, toY } = geometry;
  const lines = curves.map((curve) => ({
    ...curve,
    pieces: piecesOf(curve, places.gaps).map((points) => ({
      path: smoothPath(points.map((point) => ({ x: toX(point.at), y: toY(point.height) }))),
      ends: [points[0], points[points.length - 1]].map(({ at }) => toX(at)),
    })),
    crosses: spacedOut(curve.broken.map(({ at }) => toX(at))),
  }));
  // The area is filled under the curve that rises most: it says most about learning.
  const risen = lines.reduce<(typeof lines)[number] | null>(
    (best, line) =>
      line.scale === SHARES && rise(line) > Math.max(0.1, best ? rise(best) : 0) ? line : best,
    null,
  );
  const drawn = lines.flatMap((line) =>
    line.pieces.map(({ path }) => (
      <path
        key={`${line.name} ${path}`}
        d={path}
        stroke={line.ink}
        className={pointed ? (line.name === lead?.name ? styles.pointed : styles.others) : undefined}
      />
    )),
  );
  const own = lead && lead.scale !== SHARES && lead.points.length > 0 ? lead : null;
  return (
    <>
      <defs>
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
          x1={left}
          x2={left + inner}
          y1={toY(share)}
          y2={toY(share)}
        />
      ))}
      <g className={styles.ahead}>{drawn}</g>
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
        {drawn}
      </g>
      {roomy && curves.some(({ scale }) => scale === SHARES) ? (
        <g className={styles.axis} data-testid="axis-shares">
          {[1, 0.5, 0].map((share) => (
            <text key={share} x={left - 8} y={toY(share) + 4} textAnchor="end">
              {share}
            </text>
          ))}
        </g>
      ) : null}
      {roomy && own ? (
        <g className={styles.axis} data-testid="axis-own" data-name={own.name} fill={own.ink}>
          <text x={left + inner + 12} y={toY(1) + 4}>
            {endOf(own.scale.high)}
          </text>
          {own.scale.log ? (
            <text x={left + inner + 12} y={toY(0.5) + 4}>
              log
            </text>
          ) : null}
          <text x={left + inner + 12} y={toY(0) + 4}>
            {endOf(own.scale.low)}
          </text>
        </g>
      ) : null}
    </>
  );
}
