import { useEffect } from "react";
import { useShallow } from "zustand/react/shallow";
import { useEvents } from "../api/useEvents";
import { filmRequest } from "../runs/choices";
import { useRunFilm } from "../runs/useRunFilm";
import { useRuns } from "../runs/useRuns";
import { useConnection } from "../state/connection";
import { useView } from "../state/view";

/** The run, layer, split and film that the view names, and all runs, kept up to date with the server. */
export function useOpenRun() {
  const view = useView(
    useShallow(({ run, layer, split, method, parameters, over, step, mates, epoch, only }) => ({
      ...{ run, layer, split, method, parameters, over, mates, epoch, only },
      // Over epochs all steps are frames of the same film.
      step: over === "layers" ? step : null,
    })),
  );
  const returns = useConnection((connection) => connection.returns);
  const { runs, error, refetch: refetchRuns } = useRuns(view.run === null ? [] : [view.run]);
  const runId = view.run ?? runs?.[0]?.id ?? null;
  const open = useRunFilm(
    { run: runId, layer: view.layer, split: view.split },
    (run, layer, split, method) =>
      filmRequest(
        // Parameters are of the method that the view names.
        { ...view, method, parameters: method === view.method ? view.parameters : [] },
        run.id,
        layer,
        split,
      ),
    view.method,
  );

  useEffect(() => {
    // The address names the run even if nobody chose one, so that the link stays valid.
    if (view.run === null && runId !== null) useView.getState().nameRun(runId);
  }, [view.run, runId]);

  useEvents((events) => {
    if (events.some(({ kind }) => kind === "RUN" || kind === "LISTENING")) {
      refetchRuns({ requestPolicy: "network-only" });
    }
  });
  useEffect(() => {
    if (returns > 0) refetchRuns({ requestPolicy: "network-only" });
  }, [returns, refetchRuns]);

  return {
    ...open,
    runs,
    refusal: error?.graphQLErrors[0] ?? open.refusal,
    refetchRuns: () => refetchRuns({ requestPolicy: "network-only" }),
  };
}
