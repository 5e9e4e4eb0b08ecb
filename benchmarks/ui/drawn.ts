export type Bench = {
  /** Draws the points for the first time. */
  open: () => Promise<void>;
  /** Moves the camera a little, one drawing. */
  frame: (step: number) => Promise<void>;
  recolour: () => Promise<void>;
  /** Selects about a fifth of the points; resolves with how many. */
  lasso: () => Promise<number>;
  /** Moves every point to its place in another frame, in half a second. */
  transition: () => Promise<void>;
};

const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

/** Waits for the drawing that was asked for, the GPU's part included. */
export async function drawn(canvas: HTMLCanvasElement): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(resolve));
  pixel?.drawImage(canvas, 0, 0, 1, 1, 0, 0, 1, 1);
  pixel?.getImageData(0, 0, 1, 1);
}
