/** What the plot draws, and in which style. */
import type { Shade } from "../lib/useTheme";
import type { Covered } from "./camera";
import type { Points } from "./encode";

/** Discs have no hole; the others have a round or a square one. */
export const SHAPES = { disc: 0, ring: 1, frame: 2 } as const;

export type Scene = {
  points: Points;
  codes: Uint16Array;
  /** Colour of each code, the one of missing values last. */
  palette: readonly string[];
  /** Indices of the points to draw, ascending. */
  drawn: Uint32Array;
  /** 1 for points that are rare: they are drawn larger, and over the others; null or missing: none is. */
  lifted?: Uint8Array | null;
  /** One of `SHAPES` for each point; null or missing: all are discs. */
  shapes?: Uint8Array | null;
  /** Whether the points that are not drawn stay visible as grey ground. */
  ground?: boolean;
  /** The groups that get names and contours; null draws neither. */
  groups: { codes: Uint16Array; names: readonly string[]; colours: readonly string[] } | null;
};

/** How a scene is drawn. */
export type Style = {
  shade: Shade;
  /** Factors on the size and the opacity chosen by the number of points. */
  size: number;
  opacity: number;
  labels: boolean;
  contours: boolean;
  /** What lies over the edges of the canvas now. */
  covered?: () => Covered;
};
