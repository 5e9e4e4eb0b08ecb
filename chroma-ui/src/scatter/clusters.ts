import { type ContourMultiPolygon, contourDensity } from "d3-contour";
import type { Points } from "./encode";

export type Cluster = { code: number; x: number; y: number; size: number };
export type Contour = { code: number; level: number; rings: [number, number][][] };

/** Groups with fewer points carry neither a name nor a contour. */
const SMALLEST_CLUSTER = 8;
/** Points of one group looked at for its contour: more do not change its shape. */
const CONTOUR_SAMPLE = 3000;
/** Side of the square on which densities are counted, in grid pixels. */
const CONTOUR_SIDE = 560;
/** Shares of a group's highest density at which its two lines run. */
const CONTOUR_LEVELS = [0.035, 0.16];

/** `density.contours`, which the published types lack: https://d3js.org/d3-contour/density#density_contours */
type Leveller = {
  contours: (members: number[]) => { (value: number): ContourMultiPolygon; max: number };
};

function grouped(codes: Uint16Array, drawn: readonly number[], groups: number): number[][] {
  const members: number[][] = Array.from({ length: groups }, () => []);
  for (const i of drawn) members[codes[i]]?.push(i);
  return members;
}

function median(values: Float32Array): number {
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/** The middle of each group: the median on each axis, which a few stray points do not pull away. */
export function clusterMedians(
  points: Points,
  codes: Uint16Array,
  drawn: readonly number[],
  groups: number,
): Cluster[] {
  return grouped(codes, drawn, groups).flatMap((members, code) =>
    members.length < SMALLEST_CLUSTER
      ? []
      : [
          {
            code,
            size: members.length,
            x: median(Float32Array.from(members, (i) => points.x[i])),
            y: median(Float32Array.from(members, (i) => points.y[i])),
          },
        ],
  );
}

/** Lines around each group where its density falls to a share of its peak, in plot coordinates. */
export function clusterContours(
  points: Points,
  codes: Uint16Array,
  drawn: readonly number[],
  groups: number,
): Contour[] {
  const toGrid = (value: number) => ((value + 1.25) / 2.5) * CONTOUR_SIDE;
  const fromGrid = (value: number) => (value / CONTOUR_SIDE) * 2.5 - 1.25;
  return grouped(codes, drawn, groups).flatMap((members, code) => {
    if (members.length < SMALLEST_CLUSTER) return [];
    const stride = Math.max(1, Math.floor(members.length / CONTOUR_SAMPLE));
    const sampled = members.filter((_, order) => order % stride === 0);
    const estimate = contourDensity<number>()
      .x((i) => toGrid(points.x[i]))
      .y((i) => toGrid(points.y[i]))
      .size([CONTOUR_SIDE, CONTOUR_SIDE])
      .cellSize(4)
      .bandwidth(7.5);
    const density = (estimate as unknown as Leveller).contours(sampled);
    return CONTOUR_LEVELS.map((share, level) => ({
      code,
      level,
      rings: density(density.max * share).coordinates.flatMap((polygon) =>
        polygon.map((ring) => ring.map(([x, y]): [number, number] => [fromGrid(x), fromGrid(y)])),
      ),
    }));
  });
}
