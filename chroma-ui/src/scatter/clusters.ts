/** Pure: centres and density contours of groups of points. */
import { contours } from "d3-contour";
import type { PlaceOf } from "./encode";

export type Cluster = { code: number; x: number; y: number; size: number };
/** How many groups have contours, of how many that would. */
export type Contoured = { groups: number; of: number };
export type Contour = { code: number; level: number; rings: [number, number][][] };

/** Groups with fewer points have neither a name nor a contour. */
const SMALLEST_CLUSTER = 8;
/** At most this many points of a group are used: more change neither its centre nor its shape. */
export const SAMPLE = 2500;
/** Shares of a group's peak density at which its two contours lie. */
const LEVELS = [0.045, 0.22];
/** Points whose distance to their k-th neighbour is measured, to find how dense a group is. */
const PROBES = 96;
const NEIGHBOUR = 6;
/** The widest and the narrowest kernel, in plot coordinates (the film spans 2). */
const WIDEST = 0.06;
const NARROWEST = 0.006;
/** Cells of a group's density grid on its longer side. */
const MOST_CELLS = 150;

/** A group of points: its size, and an even sample of its points. */
export type Group = { code: number; size: number; few: Uint32Array };

/** The groups of the drawn points that are large enough to be named. */
export function groupsAmong(codes: Uint16Array, drawn: Uint32Array, groups: number, most = SAMPLE): Group[] {
  const sizes = new Uint32Array(groups);
  for (const i of drawn) if (codes[i] < groups) sizes[codes[i]]++;
  const members = Array.from(sizes, (size) => new Uint32Array(Math.min(size, most)));
  const seen = new Uint32Array(groups);
  const kept = new Uint32Array(groups);
  for (const i of drawn) {
    const code = codes[i];
    if (code >= groups) continue;
    const room = members[code].length;
    // The k-th sampled point is the first at or after the share k / room of the group.
    if (seen[code]++ * room >= kept[code] * sizes[code] && kept[code] < room) members[code][kept[code]++] = i;
  }
  return members.flatMap((few, code) =>
    sizes[code] < SMALLEST_CLUSTER ? [] : [{ code, size: sizes[code], few: few.subarray(0, kept[code]) }],
  );
}

/** Contours of more groups than this would hide each other. */
export const MOST_CONTOURED = 40;

/** The groups that get contours: the largest, where they are many. */
export const contouredAmong = (groups: readonly Group[]): Group[] => {
  const largest = [...groups].sort((a, b) => b.size - a.size).slice(0, MOST_CONTOURED);
  return largest.sort((a, b) => a.code - b.code);
};

/** The same groups with fewer sampled points. */
export const thinned = (groups: readonly Group[], most: number): Group[] =>
  groups.map((group) => {
    const stride = Math.ceil(group.few.length / most);
    return stride > 1 ? { ...group, few: group.few.filter((_, order) => order % stride === 0) } : group;
  });

function median(values: Float32Array): number {
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/** The centre of each group: the median on each axis, which outliers do not move. */
export const clusterMedians = (groups: readonly Group[], x: PlaceOf, y: PlaceOf): Cluster[] =>
  groups.map(({ code, size, few }) => ({
    code,
    size,
    x: median(Float32Array.from(few, x)),
    y: median(Float32Array.from(few, y)),
  }));

/** Kernel width by the spacing of a group's points: the median distance to the k-th neighbour. */
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

/** Three box blurs of rows and columns: close to a Gaussian. */
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

function contoursOf(code: number, x: Float32Array, y: Float32Array, cells: number): Contour[] {
  const kernel = bandwidthOf(x, y);
  const margin = 3.4 * kernel;
  const [left, bottom] = [least(x) - margin, least(y) - margin];
  const [wide, high] = [-least(x.map(negated)) + margin - left, -least(y.map(negated)) + margin - bottom];
  // Two cells per kernel width, unless the group is too spread out for that.
  const cell = Math.max(kernel / 2, Math.max(wide, high) / cells);
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

/** Contours of each group at fixed shares of its peak density, in plot coordinates. */
export const clusterContours = (
  groups: readonly Group[],
  x: PlaceOf,
  y: PlaceOf,
  cells = MOST_CELLS,
): Contour[] =>
  groups.flatMap(({ code, few }) =>
    contoursOf(code, Float32Array.from(few, x), Float32Array.from(few, y), cells),
  );
