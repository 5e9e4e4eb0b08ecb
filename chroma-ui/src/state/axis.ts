/** What the frames of a film run over. */
export const AXES = ["epochs", "layers", "runs"] as const;
export type Axis = (typeof AXES)[number];

type Marked = { step: number; layer: string; runId: string };

/** What identifies a frame within its film: its step, its layer or its run. */
export function markOf(frame: Marked, axis: Axis): string {
  return axis === "layers" ? frame.layer : axis === "runs" ? frame.runId : `${frame.step}`;
}
