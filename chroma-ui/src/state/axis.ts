/** What the frames of a film run over. */
export const AXES = ["epochs", "layers", "runs"] as const;
export type Axis = (typeof AXES)[number];

type Marked = { step: number; layer: string; runId: string };

/** What tells a frame from the others of its film: its step, its layer, its run. */
export function markOf(frame: Marked, axis: Axis): string {
  return axis === "layers" ? frame.layer : axis === "runs" ? frame.runId : `${frame.step}`;
}
