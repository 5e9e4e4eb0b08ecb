import { useEffect } from "react";
import { useQuery } from "urql";
import { BiographyDocument, type BiographyQuery } from "../api/gql/graphql";
import type { ShownFrame } from "../film/useShownFrame";
import type { Place } from "./useSample";

export type HistoryEntry = NonNullable<BiographyQuery["sample"]>["biography"][number];

const NONE: readonly HistoryEntry[] = [];

/** One sample at every snapshot of a layer; fetched again when there are more snapshots or neighbour graphs. */
export function useBiography(
  { film, revision }: ShownFrame,
  { runId, split, layer }: Place,
  position: number,
) {
  const [{ data, fetching, stale }, refetch] = useQuery({
    query: BiographyDocument,
    variables: { runId, split, layer, position },
  });
  const state = `${film.id} ${revision.id} ${film.snapshotCount}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the film's state is what makes it stale
  useEffect(() => {
    refetch({ requestPolicy: "cache-and-network" });
  }, [state, refetch]);
  // While another layer or run is asked about, the answer is of the one before.
  const sample = fetching && !stale ? null : data?.sample;
  return { moments: sample?.position === position ? sample.biography : NONE, fetching };
}
