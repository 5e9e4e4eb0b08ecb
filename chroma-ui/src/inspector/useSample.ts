import { useQuery } from "urql";
import { SampleDetailDocument, type SampleDetailQuery } from "../api/gql/graphql";

/** `before` is the step of the frame before; null in the first. */
export type Place = { runId: string; split: string; layer: string; step: number; before: number | null };
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
      before: place?.before ?? null,
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
