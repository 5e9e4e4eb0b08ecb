/** The interface of renderers and the options of a drawing. */
import type { Points } from "./encode";

export type DrawOptions = {
  /** How far the points are from the first frame to the second, 0 to 1. */
  along: number;
  /** Middle of the view and the factors from plot coordinates to [-1, 1]. */
  camera: readonly [x: number, y: number, scaleX: number, scaleY: number];
  /** Diameter in device pixels. */
  size: number;
  opacity: number;
  /** Plain points are dimmed, so that lifted and selected ones stand out. */
  selecting: boolean;
  /** Factor on the size of lifted points. */
  lift: number;
};

/** What is drawn of a point; in `LAYERS` from the lowest to the highest. */
export const MARKS = { hidden: 0, plain: 1, lifted: 2, selected: 3, ground: 4 } as const;
export const LAYERS = [MARKS.ground, MARKS.plain, MARKS.lifted, MARKS.selected] as const;

/** While points are selected, the others have this share of their opacity. */
export const DIMMED = 0.16;

/** Factors on the size and the opacity of selected points; lifted ones have the same opacity. */
export const CHOSEN_SIZE = 1.15;
export const CHOSEN_OPACITY = 1.25;

/** Points that are filtered out: smaller, fainter, and all of the colour of missing values. */
export const GROUND_SIZE = 0.85;
export const GROUND_OPACITY = 0.26;

/** Diameter and opacity of the points with a mark. */
export function lookOf(
  mark: number,
  { size, opacity, selecting, lift }: DrawOptions,
): { size: number; opacity: number } {
  if (mark === MARKS.ground) return { size: size * GROUND_SIZE, opacity: opacity * GROUND_OPACITY };
  if (mark === MARKS.plain) return { size, opacity: selecting ? opacity * DIMMED : opacity };
  const factor = mark === MARKS.lifted ? lift : CHOSEN_SIZE;
  return { size: size * factor, opacity: Math.min(1, opacity * CHOSEN_OPACITY) };
}

export type Renderer = {
  kind: "webgl" | "cpu";
  /** Sets the two frames between which the points are. */
  setFrames: (first: Points, second: Points) => void;
  /** Frees a frame that will not be shown again. */
  drop: (points: Points) => void;
  setCodes: (values: Uint16Array) => void;
  /** One of `MARKS` for each point. */
  setMarks: (values: Uint8Array) => void;
  setPalette: (palette: readonly string[]) => void;
  draw: (look: DrawOptions) => void;
  /** RGBA of the last drawing, not premultiplied; call it in the task that drew it. */
  read: () => ArrayLike<number>;
  destroy: () => void;
};
