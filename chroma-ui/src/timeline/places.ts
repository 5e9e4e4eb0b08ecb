/** Pure: where frames stand on the slider: as far apart as their epochs or steps. */
import type { Film, Frame } from "../api/bytes";

export type Gap = {
  /** Index of the frame before it. */
  after: number;
  /** In words, for people. */
  text: string;
};

export type Places = {
  /** The place of each frame, ascending from 0; 1 is the usual distance between two frames. */
  at: readonly number[];
  gaps: readonly Gap[];
};

/** Frames that are farther apart are drawn as far apart as so many; the gap says so. */
const WIDEST = 12;
/** Frames that are nearer are drawn so far apart: they could not be told apart. */
const NARROWEST = 0.25;

/** What the distance between frames is measured in: epochs where each frame has its own, else steps; null for none. */
function ticksOf(frames: readonly Frame[], axis: Film["axis"]): number[] | null {
  if (axis !== "EPOCHS") return null;
  const ascending = (values: readonly (number | null)[]): values is number[] =>
    values.every((value, i) => value !== null && (i === 0 || value > (values[i - 1] as number)));
  const [epochs, steps] = [frames.map(({ epoch }) => epoch), frames.map(({ step }) => step)];
  return ascending(epochs) ? epochs : ascending(steps) ? steps : null;
}

/** Frames over layers and runs stand at equal distances. Epochs without a frame, more than usual, are a gap. */
export function placesOf(frames: readonly Frame[], axis: Film["axis"]): Places {
  const ticks = ticksOf(frames, axis);
  if (!ticks) return { at: frames.map((_, i) => i), gaps: [] };
  const distances = ticks.slice(1).map((tick, i) => tick - ticks[i]);
  const usual = [...distances].sort((a, b) => a - b)[Math.floor((distances.length - 1) / 2)] ?? 1;
  const at = [0];
  const gaps: Gap[] = [];
  for (const [i, distance] of distances.entries()) {
    at.push(at[i] + Math.min(WIDEST, Math.max(NARROWEST, distance / usual)));
    const [from, to] = [frames[i].epoch, frames[i + 1].epoch];
    if (from === null || to === null || to - from < 2 || distance < 2 * usual) continue;
    const cut = distance > WIDEST * usual ? "; drawn narrower than it is" : "";
    gaps.push({ after: i, text: `No frame between epoch ${from} and epoch ${to}${cut}` });
  }
  return { at: frames.length ? at : [], gaps };
}

/** The place of a fractional frame index. */
export function placeOf({ at }: Places, index: number): number {
  const before = Math.min(at.length - 1, Math.max(0, Math.floor(index)));
  const after = Math.min(at.length - 1, before + 1);
  return at[before] + (index - before) * (at[after] - at[before]);
}

/** The fractional frame index at a place. */
export function indexAt({ at }: Places, place: number): number {
  const after = at.findIndex((each) => each >= place);
  if (after < 0) return at.length - 1;
  if (after === 0) return 0;
  return after - 1 + (place - at[after - 1]) / (at[after] - at[after - 1]);
}
