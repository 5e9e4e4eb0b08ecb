/** Pure: curves of the frames' quality and the run's metrics above the slider. */
import type { Frame } from "../api/bytes";
import type { RunQuery } from "../api/gql/graphql";

export type MetricSeries = NonNullable<RunQuery["run"]>["metrics"][number];

export type Curve = {
  name: string;
  /** `at` is the position on the slider (0 the first frame, 1 the second), `height` 0 to 1. */
  points: { at: number; height: number; step: number; value: number }[];
  /** Values that cannot be drawn: NaN and infinities. */
  broken?: { step: number; value: number }[];
};

/** The position of a step on the slider, between the frames around it; null outside of the film. */
export function placeOfStep(step: number, frames: readonly Frame[]): number | null {
  const last = frames.length - 1;
  if (last < 0 || step < frames[0].step || step > frames[last].step) return null;
  const after = frames.findIndex((frame) => frame.step >= step);
  if (after <= 0) return 0;
  const [from, to] = [frames[after - 1].step, frames[after].step];
  return after - 1 + (step - from) / (to - from);
}

/** Metrics whose names end alike (train_loss, val/loss) share one scale. */
const kindOf = (name: string): string => name.split(/[\s_/.-]+/).pop() ?? name;

function scaleOf(values: readonly number[]): (value: number) => number {
  const low = Math.min(...values);
  const high = Math.max(...values);
  // Values between 0 and 1 are drawn as they are; others are scaled to the full height.
  if (low >= 0 && high <= 1) return (value) => value;
  return (value) => (high > low ? (value - low) / (high - low) : 0.5);
}

/** `purity` is the mean kNN agreement of each frame, in the full space. */
export function filmCurves(frames: readonly Frame[], purity: readonly (number | null)[] = []): Curve[] {
  const curveOf = (name: string, read: (frame: Frame, at: number) => number | null): Curve => ({
    name,
    points: frames.flatMap((frame, at) => {
      const value = read(frame, at);
      return value === null ? [] : [{ at, value, height: Math.min(1, Math.max(0, value)), step: frame.step }];
    }),
  });
  return [
    curveOf("trustworthiness", (frame) => frame.trustworthiness),
    curveOf("kNN purity", (_, at) => purity[at] ?? null),
    curveOf("neighbourhood hit", (frame) => frame.neighborhoodHit),
  ].filter((curve) => curve.points.length > 0);
}

export function metricCurves(metrics: readonly MetricSeries[], frames: readonly Frame[]): Curve[] {
  const placed = metrics.flatMap(({ name, points }) => {
    const inside = points.flatMap((point) => {
      const at = placeOfStep(point.step, frames);
      return at === null ? [] : [{ at, value: Number(point.value), step: point.step }];
    });
    const drawn = inside.filter(({ value }) => Number.isFinite(value));
    const broken = inside.filter(({ value }) => !Number.isFinite(value));
    return drawn.length ? [{ name, kind: kindOf(name), points: drawn, broken }] : [];
  });
  return placed.map(({ name, kind, points, broken }) => {
    const peers = placed.filter((other) => other.kind === kind).flatMap((other) => other.points);
    const heightOf = scaleOf(peers.map((point) => point.value));
    return { name, broken, points: points.map((point) => ({ ...point, height: heightOf(point.value) })) };
  });
}

/** The gain in height from a curve's first point to its last. */
export const rise = ({ points }: Curve): number => points[points.length - 1].height - points[0].height;

/** The newest value at or before a step, NaN and infinities too. */
export function valueAt(curve: Curve, step: number): number | null {
  let found: { step: number; value: number } | null = null;
  for (const point of [...curve.points, ...(curve.broken ?? [])])
    if (point.step <= step && (found === null || point.step >= found.step)) found = point;
  return found?.value ?? null;
}

/** The value at a frame. */
export const valueIn = (curve: Curve, index: number): number | null =>
  curve.points.find(({ at }) => at === index)?.value ?? null;

/** A smooth line through the points that does not overshoot them (Fritsch & Carlson 1980). */
export function smoothPath(points: readonly { x: number; y: number }[]): string {
  if (points.length === 0) return "";
  const text = (value: number) => value.toFixed(1);
  let path = `M${text(points[0].x)},${text(points[0].y)}`;
  const slopes = points
    .slice(1)
    .map((point, i) => (point.y - points[i].y) / Math.max(point.x - points[i].x, 1e-6));
  const tangents = points.map((_, i) => {
    if (i === 0) return slopes[0] ?? 0;
    if (i === points.length - 1) return slopes[i - 1];
    const [left, right] = [slopes[i - 1], slopes[i]];
    return left * right <= 0 ? 0 : (2 * left * right) / (left + right);
  });
  for (let i = 1; i < points.length; i++) {
    const third = (points[i].x - points[i - 1].x) / 3;
    const [from, to] = [points[i - 1], points[i]];
    path += `C${text(from.x + third)},${text(from.y + tangents[i - 1] * third)} ${text(to.x - third)},${text(to.y - tangents[i] * third)} ${text(to.x)},${text(to.y)}`;
  }
  return path;
}
