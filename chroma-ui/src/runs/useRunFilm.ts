import { useEffect } from "react";
import { useQuery } from "urql";
import { RunDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { type FilmRequest, useFilm } from "../api/useFilm";
import { useConnection } from "../state/connection";
import type { Method } from "../state/url";
import { grows, pickLayer, pickSplit } from "./choices";
import { pickMethod } from "./methods";
import type { RunDetail } from "./run";

type Wanted = { run: string | null; layer: string | null; split: string | null };

/** A run with its requested layer, split and film, kept up to date with the server. With `alone`, of one split only. */
export function useRunFilm(
  wanted: Wanted,
  requestOf: (run: RunDetail, layer: string, split: string, method: Method) => FilmRequest,
  wantedMethod: Method,
  alone = false,
) {
  const returns = useConnection((connection) => connection.returns);
  const [{ data, error }, refetchRun] = useQuery({
    query: RunDocument,
    variables: { id: wanted.run ?? "" },
    pause: wanted.run === null,
    requestPolicy: "cache-and-network",
  });
  const found = data?.run?.id === wanted.run ? data?.run : null;
  const deleted = found != null && found.deletedAt !== null;
  const run = deleted ? null : (found ?? null);
  const layer = run ? pickLayer(run, wanted.layer) : null;
  const split = run && layer ? pickSplit(run, layer.name, wanted.split, alone) : null;
  const method = run && layer && split ? pickMethod(run, layer.name, split.name, wantedMethod) : null;
  const { film, problem, refresh, requestAgain, change } = useFilm(
    run && layer && split && method ? requestOf(run, layer.name, split.name, method) : null,
  );

  useEvents((events) => {
    const kinds = new Set<string>(
      events
        .filter(({ runId, kind }) => runId === wanted.run || kind === "LISTENING")
        .map(({ kind }) => kind),
    );
    if (["LISTENING", "RUN", "SNAPSHOT", "METRIC", "TAG"].some((kind) => kinds.has(kind))) {
      refetchRun({ requestPolicy: "network-only" });
    }
    // A new snapshot extends the film; requesting it again is harmless.
    if (kinds.has("SNAPSHOT") && film && grows(film)) void requestAgain();
    else if (["LISTENING", "FILM", "TAG"].some((kind) => kinds.has(kind))) void refresh(kinds.has("TAG"));
  });

  useEffect(() => {
    if (returns === 0) return;
    refetchRun({ requestPolicy: "network-only" });
    void refresh();
  }, [returns, refetchRun, refresh]);

  return {
    run,
    layer,
    split,
    film,
    /** The film's layout method; null where there is nothing to show. */
    method,
    problem: problem ?? (film?.status === "FAILED" ? (film.error ?? "The server gave no reason.") : null),
    /** Why the server refused to send the run. */
    refusal: error?.graphQLErrors[0] ?? null,
    isGone: wanted.run !== null && data !== undefined && (data.run === null || deleted),
    requestFilm: () => void requestAgain(),
    changeFilm: change,
  };
}
