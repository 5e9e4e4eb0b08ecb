/** What end-to-end tests may look at: `window.__chroma`. */
import type { Frame } from "../api/bytes";
import type { PixelCount } from "./pixels";

export type ChromaHook = {
  /** true while a frame stands still on the canvas, with all its points drawn. */
  ready: boolean;
  /** The frame on the canvas. */
  frame: Pick<Frame, "index" | "epoch" | "step" | "digest"> | null;
  /** Name of what drew the frame: pca or umap. */
  method: string | null;
  /** Points drawn. */
  points: number;
  /** Reads the canvas; `byName` counts by legend entry, for categorical colours. */
  countPixels: () => PixelCount & { byName: Record<string, number> };
  /** Place of a point, by its index in the film, in client pixels; null where it is missing. */
  screenOf: (index: number) => { x: number; y: number } | null;
};

declare global {
  interface Window {
    __chroma?: ChromaHook;
  }
}

export const blankHook = (): ChromaHook => ({
  ready: false,
  frame: null,
  method: null,
  points: 0,
  countPixels: () => ({ total: 0, byColour: {}, byName: {} }),
  screenOf: () => null,
});
