import type { ReactNode } from "react";
import { FilmFailed, NoRuns, NoSnapshots, NoSuchRun, Refused, Unauthorised } from "../runs/States";
import { useView } from "../state/view";
import type { useOpenRun } from "./useOpenRun";

type Situation = {
  open: ReturnType<typeof useOpenRun>;
  unauthorised: boolean;
  /** Why there is no film; null if there is one to show. */
  failure: string | null;
};

/** The message shown in place of the canvas; null where the film can be shown. */
export function messageFor({ open, unauthorised, failure }: Situation): ReactNode {
  const { runs, run, layer, split, method } = open;
  const { run: wanted, openRun } = useView.getState();
  if (unauthorised) return <Unauthorised />;
  if (!run && open.refusal) return <Refused problem={open.refusal.message} />;
  if (runs?.length === 0 && wanted === null) return <NoRuns />;
  if (open.isGone) return <NoSuchRun onOpen={() => openRun(runs?.[0]?.id ?? null)} />;
  if (run && !method) {
    const others = run.snapshots.length > 0 && layer && split;
    const chosen = others ? `${layer.name} in ${split.name}` : null;
    return <NoSnapshots run={run} chosen={chosen} />;
  }
  return failure === null ? null : <FilmFailed problem={failure} onRetry={open.requestFilm} />;
}
