/** Pure: where on the strip frames and heights are, in CSS pixels. */
import type { Film, Frame } from "../api/bytes";
import { type Places, placeOf, placesOf } from "./places";

/** Margin left and right for the knob, the outermost numbers and the numbers of an axis. */
export const EDGE = 14;
const AXIS = 34;
/** Room of the slider below the curves. */
const SLIDER = 38;
/** Curves lower than this have no axes. */
const LEAST_CHART = 48;

export type Geometry = {
  width: number;
  height: number;
  places: Places;
  /** Where the slider begins, and how long it is. */
  left: number;
  inner: number;
  /** Whether there is room for the numbers of axes. */
  roomy: boolean;
  toX: (at: number) => number;
  toY: (share: number) => number;
  /** The place on the slider at this many pixels from the left. */
  placeAt: (x: number) => number;
};

type Size = { width: number; height: number };

/** `axes` says on which sides there are numbers. */
export function geometryOf(
  { width, height }: Size,
  frames: readonly Frame[],
  axis: Film["axis"],
  axes: { left: boolean; right: boolean },
): Geometry {
  const chart = Math.max(0, height - SLIDER);
  const roomy = chart >= LEAST_CHART;
  const left = roomy && axes.left ? AXIS - 8 : EDGE;
  const right = roomy && axes.right ? AXIS + 8 : EDGE;
  const inner = Math.max(1, width - left - right);
  const places = placesOf(frames, axis);
  const whole = places.at[frames.length - 1] ?? 0;
  const xOf = (place: number) => left + (whole > 0 ? (place / whole) * inner : inner / 2);
  return {
    width,
    height,
    places,
    left,
    inner,
    roomy,
    toX: (at) => xOf(placeOf(places, at)),
    toY: (share) => 6 + (1 - share) * (chart - 10),
    placeAt: (x) => Math.max(0, ((x - left) / inner) * whole),
  };
}
