import type { Film } from "../api/bytes";
import type { RunDetail } from "../runs/run";
import { useRunFilm } from "../runs/useRunFilm";
import type { Pane } from "../state/panes";
import { useView } from "../state/view";

export type PaneFilm = {
  run: RunDetail | null;
  layer: RunDetail["layers"][number] | null;
  split: RunDetail["splits"][number] | null;
  film: Film | null;
};

/** The run, layer, split and film of a pane, kept up to date with the server. */
export function usePane(
  pane: Pane,
): PaneFilm & { isGone: boolean; problem: string | null; askFilm: () => void } {
  const { split: wantedSplit, method: asked } = useView();
  const { run, layer, split, film, method, ...found } = useRunFilm(
    { run: pane.run, layer: pane.layer, split: wantedSplit },
    ({ id }, layer, split, method) => ({ runId: id, layer, split, method, axis: "EPOCHS" }),
    asked,
  );
  const missing = run !== null && !method ? "No snapshots of this layer and split yet." : null;
  const failed = film?.status === "FAILED" ? (film.error ?? "The server gave no reason.") : null;
  return {
    run,
    layer,
    split,
    film,
    askFilm: found.askFilm,
    isGone: found.isGone,
    problem: found.problem ?? failed ?? missing,
  };
}
