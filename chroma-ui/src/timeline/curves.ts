/** Pure: curves of the frames' quality and the run's metrics above the slider. */
import type { Frame } from "../api/bytes";
import type { RunQuery } from "../api/gql/graphql";
import { type CurveGroup, GROUPS, groupOf } from "./groups";
import { heightIn, type Scale, scaleFor } from "./scales";

export type MetricSeries = NonNullable<RunQuery["run"]>["metrics"][number];

export type Curve = {
  name: string;
  group: CurveGroup;
  scale: Scale;
  /** `at` is the position on the slider (0 the first frame, 1 the second), `height` 0 to 1. */
  points: { at: number; height: number; step: number; value: number }[];
  /** Positions of values that cannot be drawn, NaN and infinities: the line is broken there. */
  broken: { at: number; value: number }[];
  /** All values of a metric by step, also those outside of the film; null for figures of the frames. */
  values: { step: number; value: number }[] | null;
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

/** The step at a position on the slider. */
export function stepAt(at: number, frames: readonly Frame[]): number {
  const before = Math.min(frames.length - 1, Math.max(0, Math.floor(at)));
  const after = Math.min(frames.length - 1, before + 1);
  return frames[before].step + (at - before) * (frames[after].step - frames[before].step);
}

/** Metrics whose names end alike (train_loss, val/loss) share one scale. */
const kindOf = (name: string): string => name.split(/[\s_/.-]+/).pop() ?? name;

/** Figures of the frames: shares as they are, others by their greatest value. */
function frameCurve(name: string, values: readonly (number | null)[], frames: readonly Frame[]): Curve {
  const scale = scaleFor([0, ...values.filter((value) => value !== null)]);
  return {
    name,
    group: "film",
    scale,
    points: values.flatMap((value, at) => {
      const known = value !== null && Number.isFinite(value);
      return known ? [{ at, value, height: Math.max(0, heightIn(scale, value)), step: frames[at].step }] : [];
    }),
    broken: [],
    values: null,
  };
}

/** `agreement` is the mean kNN agreement of each frame, in the full space. */
export function filmCurves(frames: readonly Frame[], agreement: readonly (number | null)[] = []): Curve[] {
  const curveOf = (name: string, read: (frame: Frame, at: number) => number | null): Curve =>
    frameCurve(name, frames.map(read), frames);
  return [
    curveOf("trustworthiness", (frame) => frame.trustworthiness),
    curveOf("effective rank", (frame) => frame.effectiveRank),
    curveOf("spread", (frame) => frame.spread),
    curveOf("kNN agreement", (_, at) => agreement[at] ?? null),
    curveOf("neighbourhood hit", (frame) => frame.neighborhoodHit),
    curveOf("continuity", (frame) => frame.continuity),
  ].filter((curve) => curve.points.length > 0);
}

/** All metrics, also those that have nothing to draw. */
export function metricCurves(metrics: readonly MetricSeries[], frames: readonly Frame[]): Curve[] {
  const placed = metrics.map(({ name, points }) => {
    const values = points.map(({ step, value }) => ({ step, value: Number(value) }));
    const inside = values.flatMap((point) => {
      const at = placeOfStep(point.step, frames);
      return at === null ? [] : [{ at, ...point }];
    });
    const isDrawn = ({ value }: { value: number }) => Number.isFinite(value);
    const broken = inside.filter((point) => !isDrawn(point));
    return { name, kind: kindOf(name), values, points: inside.filter(isDrawn), broken };
  });
  return placed.map(({ name, kind, values, points, broken }) => {
    const peers = placed.filter((other) => other.kind === kind).flatMap((other) => other.points);
    const scale = scaleFor(peers.map((point) => point.value));
    const drawn = points.map((point) => ({ ...point, height: heightIn(scale, point.value) }));
    return { name, group: groupOf(name), scale, values, broken, points: drawn };
  });
}

/** Losses first, what the machine did last. */
export const inOrder = (curves: readonly Curve[]): Curve[] =>
  GROUPS.flatMap(({ name }) => curves.filter(({ group }) => group === name));

/** So many curves are drawn until a person chooses: more hide each other. */
const AT_FIRST = 6;
/** Of them, of losses and accuracies. */
const LEARNING = 4;
const BESIDE = ["trustworthiness", "effective rank"];

/** Names of the curves that are drawn until a person chooses: of learning, then of the film, then other metrics. */
export function drawnAtFirst(ordered: readonly Curve[]): Set<string> {
  const drawable = ordered.filter(({ points }) => points.length > 0);
  const learning = drawable.filter(({ group }) => group === "loss" || group === "accuracy");
  const film = drawable.filter(({ group, name }) => group === "film" && BESIDE.includes(name));
  const others = drawable.filter(({ group }) => group === "metric");
  const first = [...learning.slice(0, LEARNING), ...film, ...others];
  return new Set(first.slice(0, AT_FIRST).map(({ name }) => name));
}

/** The gain in height from a curve's first point to its last. */
export const rise = ({ points }: Curve): number =>
  points.length ? points[points.length - 1].height - points[0].height : 0;

/** A value of a curve; `earlier` where it was logged before the frame's own time, which began after the frame before. */
export type Reading = { value: number; step: number; earlier: boolean };

/** The newest value that was logged at a step or before it; null where there is none. */
function loggedBy(
  values: NonNullable<Curve["values"]>,
  step: number,
): { step: number; value: number } | null {
  let found: { step: number; value: number } | null = null;
  for (const each of values)
    if (each.step <= step && (found === null || each.step >= found.step)) found = each;
  return found;
}

/** A curve's figure of a frame: its own, or the metric's newest value at or before it; null where there is none. */
export function readingAt(curve: Curve, frames: readonly Frame[], index: number): Reading | null {
  if (curve.values === null) {
    const own = curve.points.find(({ at }) => at === index);
    return own ? { value: own.value, step: own.step, earlier: false } : null;
  }
  const found = loggedBy(curve.values, frames[index].step);
  return found && { ...found, earlier: index > 0 && found.step <= frames[index - 1].step };
}

/** A curve's figure at a position on the slider: of the nearest frame, or the metric's newest one; null if there is none. */
export function valueAt(curve: Curve, frames: readonly Frame[], at: number): number | null {
  if (curve.values === null) {
    const away = (point: { at: number }) => Math.abs(point.at - at);
    const near = curve.points.filter((point) => away(point) <= 0.5).sort((a, b) => away(a) - away(b));
    return near[0]?.value ?? null;
  }
  return loggedBy(curve.values, stepAt(at, frames))?.value ?? null;
}

/** The points of a curve in pieces without a value that cannot be drawn, or a gap, between them. */
export function piecesOf(curve: Curve, gaps: readonly { after: number }[]): Curve["points"][] {
  const breaks =
    curve.values === null ? gaps.map(({ after }) => after + 0.5) : curve.broken.map(({ at }) => at);
  const pieces: Curve["points"][] = [];
  let next = 0;
  for (const point of curve.points) {
    const passed = next;
    while (next < breaks.length && breaks[next] <= point.at) next++;
    if (pieces.length && passed === next) pieces[pieces.length - 1].push(point);
    else pieces.push([point]);
  }
  return pieces;
}

/** A smooth line through the points that does not overshoot them (Fritsch & Carlson 1980). */
export function smoothPath(points: readonly { x: number; y: number }[]): string {
  if (points.length === 0) return "";
  const text = (value: number) => value.toFixed(1);
  let path = `M${text(points[0].x)},${text(points[0].y)}`;
  // A line without length is drawn as a dot.
  if (points.length === 1) return `${path}h0`;
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
