/** What the plot draws, and in which style. */
import type { Shade } from "../lib/useTheme";
import type { Points } from "./encode";

export type Scene = {
  points: Points;
  codes: Uint16Array;
  /** Colour of each code, the one of missing values last. */
  palette: readonly string[];
  /** Indices of the points to draw, ascending. */
  drawn: Uint32Array;
  /** What the names and contours go by; null draws neither. */
  groups: { codes: Uint16Array; names: readonly string[]; colours: readonly string[] } | null;
};

/** `coveredPx` of the left edge lie under tools. */
export type Style = {
  shade: Shade;
  /** Factors on the size and the opacity that suit the number of points. */
  size: number;
  opacity: number;
  labels: boolean;
  contours: boolean;
  coveredPx?: number;
};
