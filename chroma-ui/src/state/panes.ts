/** Pure: the panes of the compare view, and how the address writes them. */
import type { Place } from "../scatter/viewpoint";
import { readPlace, writePlace } from "./place";

/** A film at a step; null is the run's default layer, the newest frame, the camera that sees the whole film. */
export type Pane = {
  run: string;
  layer: string | null;
  step: number | null;
  /** The pane's own camera, used while cameras are not linked. */
  camera: Place | null;
  /** The pane's own split; null is that of the view. */
  split: string | null;
};

/** What panes can share. */
export const LINKS = ["camera", "time"] as const;
export type LinkName = (typeof LINKS)[number];

/** More panes than this would be too small, and browsers allow few WebGL contexts. */
export const MOST_PANES = 6;

export function writePane({ run, layer, step, camera, split }: Pane): string {
  const parts = [run, layer, step, camera && writePlace(camera), split];
  while (parts[parts.length - 1] === null) parts.pop();
  return JSON.stringify(parts);
}

export function readPane(text: string): Pane | null {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(parts)) return null;
  const [run, layer = null, step = null, camera = null, split = null] = parts as unknown[];
  if (typeof run !== "string" || !run) return null;
  if (layer !== null && typeof layer !== "string") return null;
  if (step !== null && !(Number.isSafeInteger(step) && (step as number) >= 0)) return null;
  if (split !== null && typeof split !== "string") return null;
  const place = typeof camera === "string" ? readPlace(camera) : null;
  return { run, layer, step: step as number | null, camera: place, split };
}
