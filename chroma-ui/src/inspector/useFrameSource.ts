import { useCallback, useMemo } from "react";
import { type Film, type Frame, fetchMatches } from "../api/bytes";
import { useLoaded } from "../lib/useLoaded";
import { keyOf, type Sample, sampleOf } from "../state/sampleKey";
import type { Place } from "./useSample";

/** In `matches`: the other split does not have this sample. */
const NO_MATCH = 0xffffffff;

/** Where a frame's sample details come from: its own run, which may order the samples differently than the film. */
export type FrameSource = {
  /** Where a sample of the film, by its key, is read; null where the frame's run does not have it. */
  there: (sample: number) => (Place & { position: number }) | null;
  /** The key of a sample of the frame's run; null where the film does not have it. */
  back: (sample: Sample) => number | null;
};

const NO_SPLITS: readonly string[] = [];

/** null while it is unknown. */
export function useFrameSource(film: Film | null, frame: Frame | null): FrameSource | null {
  const [runId, n, splits] = [film?.runId ?? "", film?.n ?? 0, film?.splits ?? NO_SPLITS];
  const own = frame?.runId ?? runId;
  const split = film?.split ?? "";
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
    const place = { runId: own, layer, step };
    const theirs = match?.match;
    if (own === runId || !theirs) {
      return {
        there: (sample) => ({ ...place, ...sampleOf(splits, sample) }),
        back: (sample) => keyOf(splits, sample),
      };
    }
    // Only films of one split run over runs: there a key is a position.
    const keys = new Map(Array.from(theirs, (position, key) => [position, key]));
    return {
      there: (sample) => {
        const position = theirs[sample] ?? NO_MATCH;
        return position === NO_MATCH ? null : { ...place, split, position };
      },
      back: ({ position }) => keys.get(position) ?? null,
    };
  }, [own, runId, split, splits, layer, step, match]);
}
