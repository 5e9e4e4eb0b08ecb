import { useEffect } from "react";
import { useQuery } from "urql";
import { BiographyDocument, type BiographyQuery } from "../api/gql/graphql";
import type { ShownFrame } from "../scatter/useShownFrame";

export type Moment = NonNullable<BiographyQuery["sample"]>["biography"][number];

const NONE: readonly Moment[] = [];

/** What is known of one sample at every snapshot; asked again when there are more, or a graph came. */
export function useBiography({ film, revision }: ShownFrame, position: number) {
  const [{ data, fetching }, ask] = useQuery({
    query: BiographyDocument,
    variables: { runId: film.runId, split: film.split, layer: film.layer, position },
  });
  const state = `${film.id} ${revision.id} ${film.snapshotCount}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the film's state is what makes it stale
  useEffect(() => {
    ask({ requestPolicy: "cache-and-network" });
  }, [state, ask]);
  const sample = data?.sample;
  return { moments: sample?.position === position ? sample.biography : NONE, fetching };
}
