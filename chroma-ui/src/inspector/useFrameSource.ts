import { useCallback, useMemo } from "react";
import { type Film, type Frame, fetchMatches } from "../api/bytes";
import { useLoaded } from "../lib/useLoaded";
import type { Place } from "./useSample";

/** In `matches`: the other split does not have this sample. */
const NO_MATCH = 0xffffffff;

/** Where a frame's sample details come from: its own run, which may order the samples differently than the film. */
export type FrameSource = {
  place: Place;
  /** From a position in the film's split to the one in the frame's run, and back. */
  there: (position: number) => number | null;
  back: (position: number) => number | null;
};

const same = (position: number) => position;

/** null while it is unknown. */
export function useFrameSource(film: Film | null, frame: Frame | null): FrameSource | null {
  const [runId, split, n] = [film?.runId ?? "", film?.split ?? "", film?.n ?? 0];
  const own = frame?.runId ?? runId;
  const load = useCallback(
    async () => ({
      own,
      match: own === runId ? null : await fetchMatches({ run: runId, split }, { run: own, split }, n),
    }),
    [own, runId, split, n],
  );
  const loaded = useLoaded(load);
  const match = loaded?.own === own ? loaded : null;
  const [layer, step] = [frame?.layer ?? "", frame?.step ?? null];
  return useMemo((): FrameSource | null => {
    if (step === null || (own !== runId && !match?.match)) return null;
    const place = { runId: own, split, layer, step };
    const there = match?.match;
    if (own === runId || !there) return { place, there: same, back: same };
    const positions = new Map(Array.from(there, (theirs, ours) => [theirs, ours]));
    return {
      place,
      there: (position) => ((there[position] ?? NO_MATCH) === NO_MATCH ? null : there[position]),
      back: (position) => positions.get(position) ?? null,
    };
  }, [own, runId, split, layer, step, match]);
}
