import type { Film } from "../api/bytes";
import type { RunDetail } from "../runs/run";
import { useRunFilm } from "../runs/useRunFilm";
import { useView } from "../state/view";
import type { PaneContent } from "./usePanes";

export type PaneFilm = {
  run: RunDetail | null;
  layer: RunDetail["layers"][number] | null;
  split: RunDetail["splits"][number] | null;
  film: Film | null;
};

/** The run, layer, split and film of a pane, kept up to date with the server. */
export function usePane(
  pane: PaneContent,
): PaneFilm & { isGone: boolean; problem: string | null; requestFilm: () => void } {
  const wantedSplit = useView((view) => view.split);
  const wantedMethod = useView((view) => view.method);
  const { run, layer, split, film, method, ...found } = useRunFilm(
    { run: pane.run, layer: pane.layer, split: pane.split ?? wantedSplit },
    ({ id }, layer, split, method) => ({ runId: id, layer, split, method, axis: "EPOCHS" }),
    wantedMethod,
    true,
  );
  const missing = run !== null && !method ? "No snapshots of this layer and split yet." : null;
  return {
    run,
    layer,
    split,
    film,
    requestFilm: found.requestFilm,
    isGone: found.isGone,
    problem: found.problem ?? missing,
  };
}
