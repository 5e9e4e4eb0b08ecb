import { useQuery } from "urql";
import { SampleDetailDocument, type SampleDetailQuery } from "../api/gql/graphql";

/** `before` is where the frame before takes its neighbours from; null in the first, and where another run's it is. */
export type Place = {
  runId: string;
  split: string;
  layer: string;
  step: number | null;
  before: { layer: string; step: number } | null;
};
export type SampleDetail = NonNullable<SampleDetailQuery["sample"]>;

/** The sample in focus with its neighbours at a step; the answer before stays while the next is on its way. */
export function useSample(place: Place | null, position: number | null) {
  const [{ data, fetching, error }] = useQuery({
    query: SampleDetailDocument,
    variables: {
      runId: place?.runId ?? "",
      split: place?.split ?? "",
      layer: place?.layer ?? "",
      step: place?.step ?? null,
      position: position ?? 0,
      before: place?.before?.step ?? null,
      beforeLayer: place?.before?.layer ?? "",
      follows: place !== null && place.before !== null,
    },
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
