/** Pure: names of frames, by what the frames of the film run over. */
import type { Film, Frame } from "../api/bytes";
import { count } from "../lib/format";

/** The short name under the slider. */
export function tickOf(frame: Frame, axis: Film["axis"]): string {
  if (axis === "LAYERS") return frame.layer;
  if (axis === "RUNS") return frame.run;
  return frame.epoch === null ? `${frame.step}` : `${frame.epoch}`;
}

/** The name for screen readers and tooltips, with its unit. */
export function spoken(frame: Frame, axis: Film["axis"]): string {
  if (axis === "LAYERS") return `layer ${frame.layer}`;
  if (axis === "RUNS") return `run ${frame.run}`;
  return frame.epoch === null ? `step ${frame.step}` : `epoch ${frame.epoch}`;
}

/** When the snapshot of a frame was taken. */
export const momentOf = (frame: Frame): string =>
  frame.epoch === null ? `step ${count(frame.step)}` : `epoch ${frame.epoch}, step ${count(frame.step)}`;

/** The end of a name that is too long: names of layers and runs differ most there. */
export const shortened = (name: string, most: number): string =>
  name.length <= most ? name : `…${name.slice(-Math.max(1, most - 1))}`;
