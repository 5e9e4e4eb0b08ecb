/** Pure: a common time axis for films of different lengths. */
import type { Frame } from "../api/bytes";

/** How the panes' times are linked: by equal epochs, or by equal shares of each film. */
export type Measure = "epoch" | "progress";

const ends = (frames: readonly Frame[]) => [frames[0]?.epoch, frames[frames.length - 1]?.epoch];

/** By epoch where all films begin and end with the same one; else by progress. */
export function measureOf(films: readonly (readonly Frame[])[]): Measure {
  const [first] = films;
  if (!first) return "epoch";
  const [begin, end] = ends(first);
  const alike = films.every((frames) => {
    const [a, b] = ends(frames);
    return a === begin && b === end && frames.every(({ epoch }) => epoch !== null);
  });
  return alike ? "epoch" : "progress";
}

/** The index of the frame in one film that corresponds to a frame of another. */
export function counterpart(
  from: readonly Frame[],
  index: number,
  to: readonly Frame[],
  measure: Measure,
): number {
  if (measure === "progress") {
    const share = from.length > 1 ? index / (from.length - 1) : 1;
    return Math.round(share * (to.length - 1));
  }
  const epoch = from[index]?.epoch ?? 0;
  let found = 0;
  to.forEach((frame, at) => {
    if ((frame.epoch ?? 0) <= epoch) found = at;
  });
  return found;
}

/** The fractional frame index in one film that corresponds to one of another. */
export function placeIn(from: readonly Frame[], at: number, to: readonly Frame[], measure: Measure): number {
  if (measure === "progress")
    return from.length > 1 ? (at / (from.length - 1)) * (to.length - 1) : to.length - 1;
  const before = Math.min(from.length - 1, Math.max(0, Math.floor(at)));
  const epochAt = (frames: readonly Frame[], index: number) => frames[index]?.epoch ?? 0;
  const after = Math.min(from.length - 1, before + 1);
  const epoch = epochAt(from, before) + (at - before) * (epochAt(from, after) - epochAt(from, before));
  const found = counterpart([{ epoch } as Frame], 0, to, "epoch");
  const gap = epochAt(to, found + 1) - epochAt(to, found);
  return found + (found < to.length - 1 && gap > 0 ? Math.max(0, epoch - epochAt(to, found)) / gap : 0);
}

/** The index of the longest film, whose frames the shared slider has. */
export function leaderOf(films: readonly (readonly Frame[])[]): number {
  return films.reduce((best, frames, at) => (frames.length > films[best].length ? at : best), 0);
}

export const nameOf = (frame: Frame): string =>
  frame.epoch === null ? `step ${frame.step}` : `epoch ${frame.epoch}`;
