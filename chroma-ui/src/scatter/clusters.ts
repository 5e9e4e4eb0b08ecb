/** Pure: where the groups of points are, and how dense they lie. */
import { contours } from "d3-contour";
import { type Points, placeX, placeY } from "./encode";

export type Cluster = { code: number; x: number; y: number; size: number };
export type Contour = { code: number; level: number; rings: [number, number][][] };

/** Groups with fewer points carry neither a name nor a contour. */
const SMALLEST_CLUSTER = 8;
/** Points of one group looked at: more change neither its middle nor its shape. */
const SAMPLE = 2500;
/** Shares of a group's highest density at which its two lines run. */
const LEVELS = [0.045, 0.22];
/** Points whose distance to their k-th neighbour is measured, to know how tight a group is. */
const PROBES = 96;
const NEIGHBOUR = 6;
/** The widest and the narrowest kernel, in plot coordinates (the film spans 2). */
const WIDEST = 0.06;
const NARROWEST = 0.006;
/** Cells of a group's density grid on its longer side. */
const MOST_CELLS = 150;

function grouped(codes: Uint16Array, drawn: Uint32Array, groups: number): number[][] {
  const members: number[][] = Array.from({ length: groups }, () => []);
  for (const i of drawn) members[codes[i]]?.push(i);
  return members;
}

const thinned = (members: readonly number[], most: number): number[] => {
  const stride = Math.ceil(members.length / most);
  return stride > 1 ? members.filter((_, order) => order % stride === 0) : [...members];
};

function median(values: Float32Array): number {
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/** The middle of each group: the median on each axis, which a few stray points do not pull away. */
export function clusterMedians(
  points: Points,
  codes: Uint16Array,
  drawn: Uint32Array,
  groups: number,
): Cluster[] {
  return grouped(codes, drawn, groups).flatMap((members, code) => {
    if (members.length < SMALLEST_CLUSTER) return [];
    const few = thinned(members, SAMPLE);
    return {
      code,
      size: members.length,
      x: median(Float32Array.from(few, (i) => placeX(points, i))),
      y: median(Float32Array.from(few, (i) => placeY(points, i))),
    };
  });
}

/** A kernel as wide as the points of a group are apart: the median distance to the k-th neighbour. */
export function bandwidthOf(x: Float32Array, y: Float32Array): number {
  const n = x.length;
  const k = Math.min(NEIGHBOUR, n - 1);
  const stride = Math.max(1, Math.floor(n / PROBES));
  const reaches: number[] = [];
  const near = new Float32Array(k + 1);
  for (let probe = 0; probe < n; probe += stride) {
    near.fill(Infinity);
    for (let i = 0; i < n; i++) {
      const away = (x[i] - x[probe]) ** 2 + (y[i] - y[probe]) ** 2;
      if (away >= near[k]) continue;
      let at = k;
      for (; at > 0 && near[at - 1] > away; at--) near[at] = near[at - 1];
      near[at] = away;
    }
    reaches.push(Math.sqrt(near[k]));
  }
  return Math.min(WIDEST, Math.max(NARROWEST, 1.1 * median(Float32Array.from(reaches))));
}

/** Blurs rows, then columns, three times by a box: close to a Gaussian. */
function blur(grid: Float32Array, width: number, height: number, radius: number): void {
  const line = new Float32Array(Math.max(width, height));
  const pass = (start: number, step: number, length: number) => {
    for (let i = 0; i < length; i++) line[i] = grid[start + i * step];
    let sum = 0;
    for (let i = -radius; i < length; i++) {
      if (i + radius < length) sum += line[i + radius];
      if (i - radius - 1 >= 0) sum -= line[i - radius - 1];
      if (i >= 0) grid[start + i * step] = sum;
    }
  };
  for (let times = 0; times < 3; times++) {
    for (let row = 0; row < height; row++) pass(row * width, 1, width);
    for (let column = 0; column < width; column++) pass(column, width, height);
  }
}

function contoursOf(code: number, x: Float32Array, y: Float32Array): Contour[] {
  const kernel = bandwidthOf(x, y);
  const margin = 3.4 * kernel;
  const [left, bottom] = [least(x) - margin, least(y) - margin];
  const [wide, high] = [-least(x.map(negated)) + margin - left, -least(y.map(negated)) + margin - bottom];
  // Two cells to the kernel, unless the group is too spread out for that.
  const cell = Math.max(kernel / 2, Math.max(wide, high) / MOST_CELLS);
  const [width, height] = [Math.ceil(wide / cell) + 1, Math.ceil(high / cell) + 1];
  const grid = new Float32Array(width * height);
  for (let i = 0; i < x.length; i++) {
    grid[Math.floor((y[i] - bottom) / cell) * width + Math.floor((x[i] - left) / cell)]++;
  }
  // Three boxes of radius r blur like a Gaussian of sigma √(r (r + 1)).
  blur(grid, width, height, Math.max(1, Math.round(kernel / cell)));
  const peak = -least(grid.map(negated));
  const trace = contours().size([width, height]);
  return LEVELS.map((share, level) => ({
    code,
    level,
    rings: trace
      .contour(grid as unknown as number[], share * peak)
      .coordinates.flatMap((polygon) =>
        polygon.map((ring) =>
          ring.map(([gx, gy]): [number, number] => [left + gx * cell, bottom + gy * cell]),
        ),
      ),
  }));
}

const negated = (value: number) => -value;
const least = (values: Float32Array): number => values.reduce((a, b) => Math.min(a, b), Infinity);

/** Lines around each group where its density falls to a share of its peak, in plot coordinates. */
export function clusterContours(
  points: Points,
  codes: Uint16Array,
  drawn: Uint32Array,
  groups: number,
): Contour[] {
  return grouped(codes, drawn, groups).flatMap((members, code) => {
    if (members.length < SMALLEST_CLUSTER) return [];
    const few = thinned(members, SAMPLE);
    return contoursOf(
      code,
      Float32Array.from(few, (i) => placeX(points, i)),
      Float32Array.from(few, (i) => placeY(points, i)),
    );
  });
}
