import { useEffect } from "react";
import { useQuery } from "urql";
import { RunDocument, RunsDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { useFilm } from "../api/useFilm";
import { filmRequest, grows, pickLayer, pickSplit } from "../runs/choices";
import { useConnection } from "../state/connection";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";

/** The run, layer, split and film that the view names, kept up to date with the server. */
export function useOpenRun() {
  const view = useView();
  const returns = useConnection((connection) => connection.returns);
  const [{ data: runsData, error: runsError }, askRuns] = useQuery({
    query: RunsDocument,
    requestPolicy: "cache-and-network",
  });
  const runs = runsData?.runs ?? null;
  const runId = view.run ?? runs?.[0]?.id ?? null;
  const [{ data: runData, error: runError }, askRun] = useQuery({
    query: RunDocument,
    variables: { id: runId ?? "" },
    pause: runId === null,
    requestPolicy: "cache-and-network",
  });
  const found = runData?.run?.id === runId ? runData.run : null;
  const deleted = found !== null && found.deletedAt !== null;
  const run = deleted ? null : found;

  useEffect(() => {
    // The address names the run even when nobody chose one, so that the link stays good.
    if (view.run === null && runId !== null) useView.setState({ run: runId });
  }, [view.run, runId]);

  const layer = run ? pickLayer(run, view.layer) : null;
  const split = run && layer ? pickSplit(run, layer.name, view.split) : null;
  const taken =
    run && layer && split
      ? run.snapshots.filter((s) => s.layer === layer.name && s.split === split.name)
      : [];
  const canFilm = taken.some((snapshot) => snapshot.status !== "OPEN");
  const { film, problem, refresh, ask, change } = useFilm(
    run && layer && split && canFilm ? filmRequest(view, run.id, layer.name, split.name) : null,
  );

  const splitId = split?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a selection is of one split
  useEffect(() => useSelection.getState().clear(), [splitId]);

  useEvents((events) => {
    const kinds = new Set(events.map((event) => event.kind));
    const ours = new Set(events.filter((event) => event.runId === runId).map((event) => event.kind));
    if (kinds.has("RUN")) askRuns({ requestPolicy: "network-only" });
    if (["RUN", "SNAPSHOT", "METRIC", "TAG"].some((kind) => ours.has(kind as never))) {
      askRun({ requestPolicy: "network-only" });
    }
    // A new snapshot lengthens the film; asking for it again is harmless.
    if (ours.has("SNAPSHOT") && film && grows(film)) void ask();
    else if (ours.has("FILM") || ours.has("TAG")) void refresh(ours.has("TAG"));
  });

  useEffect(() => {
    if (returns === 0) return;
    askRuns({ requestPolicy: "network-only" });
    askRun({ requestPolicy: "network-only" });
    void refresh();
  }, [returns, askRuns, askRun, refresh]);

  return {
    runs,
    run,
    layer,
    split,
    film,
    canFilm,
    problem,
    /** Why the server refused to tell of runs. */
    refusal: runsError?.graphQLErrors[0] ?? runError?.graphQLErrors[0] ?? null,
    isGone: runId !== null && runData !== undefined && (runData.run === null || deleted),
    askRuns: () => askRuns({ requestPolicy: "network-only" }),
    askFilm: () => void ask(),
    changeFilm: change,
  };
}
