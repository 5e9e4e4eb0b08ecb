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
  /** Marked points stand out from the others. */
  selecting: boolean;
};

/** While points are selected, the others have this share of their opacity. */
export const DIMMED = 0.16;

/** Factors on the size and the opacity of selected points. */
export const CHOSEN_SIZE = 1.15;
export const CHOSEN_OPACITY = 1.25;

export type Renderer = {
  kind: "webgl" | "cpu";
  /** Sets the two frames between which the points are. */
  setFrames: (first: Points, second: Points) => void;
  /** Frees a frame that will not be shown again. */
  drop: (points: Points) => void;
  setCodes: (values: Uint16Array) => void;
  /** 0 hides a point, 1 draws it, 3 draws it as selected. */
  setMarks: (values: Uint8Array) => void;
  setPalette: (palette: readonly string[]) => void;
  draw: (look: DrawOptions) => void;
  /** RGBA of the last drawing, not premultiplied; call it in the task that drew it. */
  read: () => ArrayLike<number>;
  destroy: () => void;
};
