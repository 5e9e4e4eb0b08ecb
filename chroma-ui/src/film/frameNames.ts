/** Pure: what a frame is called, by what the frames of its film run over. */
import type { Film, Frame } from "../api/bytes";
import { count } from "../lib/format";

/** Under the slider: as short as it can be. */
export function tickOf(frame: Frame, axis: Film["axis"]): string {
  if (axis === "LAYERS") return frame.layer;
  if (axis === "RUNS") return frame.run;
  return frame.epoch === null ? `${frame.step}` : `${frame.epoch}`;
}

/** Said aloud, with what it counts. */
export function spoken(frame: Frame, axis: Film["axis"]): string {
  if (axis === "LAYERS") return `layer ${frame.layer}`;
  if (axis === "RUNS") return `run ${frame.run}`;
  return frame.epoch === null ? `step ${frame.step}` : `epoch ${frame.epoch}`;
}

/** When the snapshot of a frame was taken. */
export const momentOf = (frame: Frame): string =>
  frame.epoch === null ? `step ${count(frame.step)}` : `epoch ${frame.epoch}, step ${count(frame.step)}`;

/** The end of a name that does not fit: layers and runs differ most there. */
export const shortened = (name: string, most: number): string =>
  name.length <= most ? name : `…${name.slice(-Math.max(1, most - 1))}`;
