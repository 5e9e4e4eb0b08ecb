import { useCallback, useEffect, useMemo } from "react";
import type { Frame } from "../api/bytes";
import type { Points } from "../scatter/encode";
import type { Plot } from "../scatter/plot";
import { useView } from "../state/view";

/** More trails than this hide each other. */
const MOST_TRAILS = 40;

const asTheyAre = (points: Points): Points => points;

/** Moves through the frames: to a frame, to a step, or to a point in time between two frames, with the points where `place` puts them. */
export function useFrames(
  frames: readonly Frame[],
  framePoints: readonly Points[] | null,
  plot: Plot | null,
  seekFrame: (frame: Frame) => void,
  place: (points: Points) => Points = asTheyAre,
) {
  const seekTo = useCallback(
    (next: number) => {
      const frame = frames[Math.min(frames.length - 1, Math.max(0, next))];
      if (frame) seekFrame(frame);
    },
    [frames, seekFrame],
  );
  /** Goes to the frame of a step, or to the nearest one where the film does not show that snapshot. */
  const seekStep = useCallback(
    (step: number) => {
      const away = (at: number) => Math.abs(frames[at].step - step);
      seekTo(frames.reduce((best, _, at) => (away(at) < away(best) ? at : best), 0));
    },
    [frames, seekTo],
  );
  /** `at` is a fractional frame index; null moves the points to the nearest frame. */
  const scrubTo = (at: number | null, ms?: number) => {
    useView.getState().setPlaying(false);
    if (at === null) {
      plot?.scrub(null, ms);
      return;
    }
    const before = Math.min(frames.length - 1, Math.max(0, Math.floor(at)));
    const after = Math.min(frames.length - 1, before + 1);
    if (framePoints?.[before] && framePoints[after]) {
      const [from, to] = [place(framePoints[before]), place(framePoints[after])];
      plot?.scrub({ from, to, along: at - before });
    }
    seekTo(Math.round(at));
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a film exchanged while it is scrubbed lets its frames go
  useEffect(() => () => plot?.scrub(null, 0), [plot, framePoints]);
  return { seekTo, seekStep, scrubTo };
}

/** Trails of the selected samples and the one in focus: their positions in all frames up to this one. */
export function useTrails(
  framePoints: readonly Points[] | null,
  index: number,
  selected: Uint32Array,
  focused: number | null,
  on: boolean,
) {
  return useMemo(() => {
    if (!on || !framePoints || (selected.length === 0 && focused === null)) return null;
    const stride = Math.max(1, Math.ceil(selected.length / MOST_TRAILS));
    const few = [...selected].filter((_, order) => order % stride === 0);
    const indices = focused === null || few.includes(focused) ? few : [...few, focused];
    return { indices, frames: framePoints.slice(0, Math.max(0, index)) };
  }, [framePoints, index, focused, on, selected]);
}
