/** What a page offers to `run.py`; null where the renderer has no such thing. */
export type Bench = {
  /** Draws the points for the first time. */
  open: () => Promise<void>;
  /** Moves the camera a little, one drawing. */
  frame: (step: number) => Promise<void>;
  recolour: () => Promise<void>;
  /** Selects about a fifth of the points; resolves with how many. */
  lasso: (() => Promise<number>) | null;
  /** Fetches the other frame, so that its transfer is not counted. */
  prepare: () => Promise<void>;
  /** Moves every point to its place in the other frame, in half a second. */
  transition: (() => Promise<void>) | null;
};

const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

/** Waits for the drawing that was asked for, the GPU's part included. */
export async function drawn(canvas: HTMLCanvasElement): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(resolve));
  pixel?.drawImage(canvas, 0, 0, 1, 1, 0, 0, 1, 1);
  pixel?.getImageData(0, 0, 1, 1);
}
