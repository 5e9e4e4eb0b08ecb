/** What end-to-end tests read: `window.__chroma`. */
import type { Frame } from "../api/bytes";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import type { PixelCount } from "./pixels";
import type { Plot } from "./plot";

export type ChromaHook = {
  /** True while the frame is drawn with all its points, nothing moves, and the camera knows the whole film's box. */
  ready: boolean;
  /** The frame shown; on the canvas once `ready`. */
  frame: Pick<Frame, "index" | "epoch" | "step" | "digest"> | null;
  /** The frame's layout method: pca or umap. */
  method: string | null;
  /** Points drawn. */
  points: number;
  /** Reads the canvas; `byName` counts by legend entry, for categorical colours. */
  countPixels: () => PixelCount & { byName: Record<string, number> };
  /** Points by how they are drawn. */
  countMarks: Plot["countMarks"];
  /** Client pixels of a point by its index in the film; null where it is missing. */
  screenOf: (index: number) => { x: number; y: number } | null;
};

declare global {
  interface Window {
    __chroma?: ChromaHook;
    /** The plots of the compare view, in their order on the page. */
    __chromaPanes?: (ChromaHook | undefined)[];
  }
}

/** Publishes a plot's hook, for the page or for a pane; returns a function that removes it. */
export function publishHook(hook: ChromaHook, pane: number | null): () => void {
  if (pane === null) {
    window.__chroma = hook;
    return () => {
      if (window.__chroma === hook) window.__chroma = undefined;
    };
  }
  window.__chromaPanes ??= [];
  const panes = window.__chromaPanes;
  panes[pane] = hook;
  return () => {
    if (panes[pane] === hook) panes[pane] = undefined;
  };
}

/** The hook of a plot. `now` returns what the page wants to show, and whether the camera knows the film's box. */
export function hookOf(
  plot: Plot,
  now: () => { shown: ShownFrame | null; picture: Picture | null; placed: boolean },
): ChromaHook {
  return {
    get ready() {
      const { picture, placed } = now();
      return placed && picture !== null && plot.isSettled(picture.scene);
    },
    get frame() {
      const frame = now().shown?.frame;
      return frame
        ? { index: frame.index, epoch: frame.epoch, step: frame.step, digest: frame.digest }
        : null;
    },
    get method() {
      return now().shown?.revision.method ?? null;
    },
    get points() {
      return now().picture?.scene.drawn.length ?? 0;
    },
    countPixels: () => {
      const count = plot.countPixels();
      const entries = now().picture?.legend ?? [];
      const byName = Object.fromEntries(
        entries.map(({ name, colour }) => [name, count.byColour[colour] ?? 0]),
      );
      return { ...count, byName };
    },
    countMarks: plot.countMarks,
    screenOf: (index) => {
      const place = plot.screenOf(index);
      const corner = plot.canvas.getBoundingClientRect();
      return place ? { x: place.x + corner.left, y: place.y + corner.top } : null;
    },
  };
}
