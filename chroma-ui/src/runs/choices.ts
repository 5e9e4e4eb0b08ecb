/** Pure: the layer, split and frame to show when the address names none, or one that does not exist. */
import type { Film, Frame } from "../api/bytes";
import type { FilmRequest } from "../api/useFilm";
import { type Axis, markOf } from "../state/axis";
import type { View } from "../state/url";
import { hasLogged } from "./methods";
import type { RunDetail } from "./run";
import { joined } from "./splits";

export function pickLayer(run: RunDetail, wanted: string | null): RunDetail["layers"][number] | null {
  return (
    run.layers.find((layer) => layer.name === wanted) ??
    run.layers.find((layer) => layer.default) ??
    run.layers[0] ??
    null
  );
}

/**
 * The requested split, or several as one; else val, or the first one, of those that have snapshots of the layer. With
 * `alone`, several are not taken.
 */
export function pickSplit(
  run: RunDetail,
  layer: string,
  wanted: string | null,
  alone = false,
): RunDetail["splits"][number] | null {
  const chosen = run.splits.find((split) => split.name === wanted);
  if (chosen) return chosen;
  if (!alone && wanted !== null && run.jointSplits.includes(wanted)) return joined(run, wanted);
  const filled = run.splits.filter(
    (split) =>
      run.snapshots.some((snapshot) => snapshot.layer === layer && snapshot.split === split.name) ||
      hasLogged(run, layer, split.name),
  );
  return filled.find((split) => split.name === "val") ?? filled[0] ?? run.splits[0] ?? null;
}

type Filmed = Pick<View, "method" | "parameters" | "over" | "step" | "mates" | "epoch" | "only">;

/** The request for a film: over layers those of the step shown, over runs this one and the other chosen ones. */
export function filmRequest(view: Filmed, runId: string, layer: string, split: string): FilmRequest {
  const { method, parameters, over, step, mates, epoch, only } = view;
  return {
    runId,
    split,
    method,
    axis: over === "layers" ? "LAYERS" : over === "runs" ? "RUNS" : "EPOCHS",
    layer: over === "layers" ? null : layer,
    step: over === "layers" ? step : null,
    epoch: over === "runs" ? epoch : null,
    runIds: over === "runs" ? [runId, ...mates] : null,
    samplesOf: only,
    parameters: parameters.length ? [...parameters] : null,
  };
}

/** Whether new snapshots of its run extend a film; other films stay as they were requested. */
export const grows = (film: Film): boolean =>
  film.axis === "EPOCHS" && film.status !== "FAILED" && film.status !== "CANCELLED";

export type FrameChoice = { over: Axis; at: string | null; step: number | null };

/** The index of a frame: over epochs that of the step, or the last one before it; else by layer or run; by default the last. */
export function pickFrame(frames: readonly Frame[], { over, at, step }: FrameChoice): number {
  if (over !== "epochs") {
    const found = frames.findIndex((frame) => markOf(frame, over) === at);
    return found < 0 ? frames.length - 1 : found;
  }
  if (step === null) return frames.length - 1;
  let found = 0;
  frames.forEach((frame, index) => {
    if (frame.step <= step) found = index;
  });
  return found;
}
