import { useQuery } from "urql";
import { SampleDetailDocument, type SampleDetailQuery, SampleNeighborsDocument } from "../api/gql/graphql";

/** Where samples and their neighbours are read; positions are those of its split. */
export type Place = { runId: string; split: string; layer: string; step: number };
export type SampleDetail = NonNullable<SampleDetailQuery["sample"]>;

const NOWHERE: Place = { runId: "", split: "", layer: "", step: 0 };

/** A sample with its neighbours at a step; the previous answer stays until the next one arrives. */
export function useSample(place: Place | null, position: number | null) {
  const [{ data, fetching, error }] = useQuery({
    query: SampleDetailDocument,
    variables: { ...(place ?? NOWHERE), position: position ?? 0 },
    pause: place === null || position === null,
  });
  const sample = data?.sample ?? null;
  const wanted = sample !== null && sample.position === position;
  return {
    sample: wanted ? sample : null,
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
