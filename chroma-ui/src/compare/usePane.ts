import { useEffect } from "react";
import { useQuery } from "urql";
import type { Film } from "../api/bytes";
import { RunDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { useFilm } from "../api/useFilm";
import { grows, pickLayer, pickSplit } from "../runs/choices";
import type { RunDetail } from "../runs/TopBar";
import { useConnection } from "../state/connection";
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
  const { split: wantedSplit, method } = useView();
  const returns = useConnection((connection) => connection.returns);
  const [{ data }, askRun] = useQuery({
    query: RunDocument,
    variables: { id: pane.run },
    requestPolicy: "cache-and-network",
  });
  const run = data?.run?.id === pane.run ? data.run : null;
  const layer = run ? pickLayer(run, pane.layer) : null;
  const split = run && layer ? pickSplit(run, layer.name, wantedSplit) : null;
  const canFilm =
    run?.snapshots.some(
      (taken) => taken.layer === layer?.name && taken.split === split?.name && taken.status !== "OPEN",
    ) ?? false;
  const { film, problem, refresh, ask } = useFilm(
    run && layer && split && canFilm
      ? { runId: run.id, layer: layer.name, split: split.name, method, axis: "EPOCHS" }
      : null,
  );

  useEvents((events) => {
    const kinds = new Set<string>(
      events.filter((event) => event.runId === pane.run).map((event) => event.kind),
    );
    if (["RUN", "SNAPSHOT", "TAG"].some((kind) => kinds.has(kind))) {
      askRun({ requestPolicy: "network-only" });
    }
    if (kinds.has("SNAPSHOT") && film && grows(film)) void ask();
    else if (kinds.has("FILM") || kinds.has("TAG")) void refresh(kinds.has("TAG"));
  });
  useEffect(() => {
    if (returns === 0) return;
    askRun({ requestPolicy: "network-only" });
    void refresh();
  }, [returns, askRun, refresh]);

  const missing = run !== null && !canFilm ? "No snapshots of this layer and split yet." : null;
  const failed = film?.status === "FAILED" ? (film.error ?? "The server gave no reason.") : null;
  return {
    run,
    layer,
    split,
    film,
    askFilm: () => void ask(),
    isGone: data !== undefined && (data.run === null || data.run?.deletedAt != null),
    problem: problem ?? failed ?? missing,
  };
}
