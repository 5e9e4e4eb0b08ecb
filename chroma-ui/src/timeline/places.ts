/** Pure: where frames stand on the slider. Epochs without a frame leave a gap. */
import type { Film, Frame } from "../api/bytes";

export type Gap = {
  /** Index of the frame before it. */
  after: number;
  /** In words, for people. */
  text: string;
};

export type Places = {
  /** The place of each frame, ascending from 0. */
  at: readonly number[];
  gaps: readonly Gap[];
};

/** A gap is drawn as wide as so many frames at most. */
const WIDEST = 3;

/** Frames stand at equal distances, but for epochs that are missing between two: more than the usual number. */
export function placesOf(frames: readonly Frame[], axis: Film["axis"]): Places {
  const steps = frames.slice(1).map((frame, i) => {
    const before = frames[i].epoch;
    return axis === "EPOCHS" && frame.epoch !== null && before !== null ? frame.epoch - before : null;
  });
  const known = steps.filter((step) => step !== null && step > 0) as number[];
  const usual = [...known].sort((a, b) => a - b)[Math.floor((known.length - 1) / 2)] ?? 1;
  const at = [0];
  const gaps: Gap[] = [];
  for (const [i, step] of steps.entries()) {
    const missing = step !== null && step >= 2 * usual;
    at.push(at[i] + (missing ? Math.min(WIDEST, step / usual) : 1));
    if (missing) {
      gaps.push({
        after: i,
        text: `No frame between epoch ${frames[i].epoch} and epoch ${frames[i + 1].epoch}`,
      });
    }
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
