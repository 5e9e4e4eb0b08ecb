/** Pure: which layer, split and frame to show when the address does not say, or names one that is not there. */
import type { Frame } from "../api/bytes";
import type { RunDetail } from "./TopBar";

export function pickLayer(run: RunDetail, wanted: string | null): RunDetail["layers"][number] | null {
  return (
    run.layers.find((layer) => layer.name === wanted) ??
    run.layers.find((layer) => layer.default) ??
    run.layers[0] ??
    null
  );
}

/** The split asked for; else the first of val, train and the others that has snapshots of the layer. */
export function pickSplit(
  run: RunDetail,
  layer: string,
  wanted: string | null,
): RunDetail["splits"][number] | null {
  const chosen = run.splits.find((split) => split.name === wanted);
  if (chosen) return chosen;
  const filled = run.splits.filter((split) =>
    run.snapshots.some((snapshot) => snapshot.layer === layer && snapshot.split === split.name),
  );
  return filled.find((split) => split.name === "val") ?? filled[0] ?? run.splits[0] ?? null;
}

/** The frame of a step, or the last one before it; the newest where no step is asked for. */
export function pickFrame(frames: readonly Frame[], step: number | null): number {
  if (step === null) return frames.length - 1;
  let found = 0;
  frames.forEach((frame, index) => {
    if (frame.step <= step) found = index;
  });
  return found;
}
