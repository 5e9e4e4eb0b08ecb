import { useMemo } from "react";
import { useQuery } from "urql";
import { SampleDetailDocument, type SampleDetailQuery, SampleNeighborsDocument } from "../api/gql/graphql";

/** Where samples and their neighbours are read; positions are those of its split. */
export type Place = { runId: string; split: string; layer: string; step: number };
type Found = NonNullable<SampleDetailQuery["sample"]>;
export type Neighbor = Found["neighbors"][number];
/** `pending` while what the model said, and the neighbours, are fetched for another step. */
export type SampleDetail = Omit<Found, "neighbors"> & { neighbors: Neighbor[] | null; pending: boolean };

const NOWHERE: Place = { runId: "", split: "", layer: "", step: 0 };

/** Of a sample, what the model said at a step that is still fetched. */
const NOT_YET = {
  prediction: null,
  confidence: null,
  margin: null,
  crossEntropy: null,
  topClasses: [],
  neighbors: null,
  pending: true,
} satisfies Partial<SampleDetail>;

/**
 * A sample with its neighbours at a step. Until the answer for a step arrives, what is known of the sample itself
 * stays; what the model said, and its neighbours, are of an earlier step and are not given.
 */
export function useSample(place: Place | null, position: number | null) {
  const [{ data, fetching, error }] = useQuery({
    query: SampleDetailDocument,
    variables: { ...(place ?? NOWHERE), position: position ?? 0 },
    pause: place === null || position === null,
  });
  const sample = data?.sample ?? null;
  const wanted = sample !== null && sample.position === position;
  return {
    sample: useMemo((): SampleDetail | null => {
      if (!wanted) return null;
      return fetching ? { ...sample, ...NOT_YET } : { ...sample, pending: false };
    }, [wanted, fetching, sample]),
    fetching,
    problem: error ? (error.graphQLErrors[0]?.message ?? null) : null,
  };
}

/** Only the neighbours of a sample; null while unknown. */
export function useNeighbors(place: Place | null, position: number | null) {
  const pause = place === null || position === null;
  const [{ data, fetching }] = useQuery({
    query: SampleNeighborsDocument,
    variables: { ...(place ?? NOWHERE), position: position ?? 0 },
    pause,
  });
  const found = data?.sample?.position === position && !fetching ? data?.sample : null;
  return pause ? null : (found?.neighbors ?? null);
}
