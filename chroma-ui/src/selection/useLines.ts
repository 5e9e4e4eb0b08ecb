import { useMemo } from "react";
import { useQuery } from "urql";
import { SampleLinesDocument } from "../api/gql/graphql";
import { useDebounced } from "../lib/useDebounced";

/** Lists are scrolled faster than they can be asked for. */
const REST_MS = 60;

/** Ids and texts of the samples of a list that are seen, by position. */
export function useLines(runId: string, split: string, positions: readonly number[], pause: boolean) {
  const asked = useDebounced(pause ? null : JSON.stringify(positions), REST_MS);
  const [{ data }] = useQuery({
    query: SampleLinesDocument,
    variables: { runId, split, positions: asked === null ? [] : (JSON.parse(asked) as number[]) },
    pause: asked === null,
  });
  return useMemo(() => new Map(data?.sampleLines.map((line) => [line.position, line])), [data]);
}
