import { useMemo } from "react";
import { useQuery } from "urql";
import { SampleLinesDocument } from "../api/gql/graphql";
import { useDebounced } from "../lib/useDebounced";

/** Lists scroll faster than they can be fetched: the visible part is fetched once scrolling rests this long. */
const REST_MS = 60;

/** Ids and texts of the visible samples of a list, by position. */
export function useLines(runId: string, split: string, positions: readonly number[], pause: boolean) {
  const wanted = useDebounced(pause ? null : JSON.stringify(positions), REST_MS);
  const [{ data, operation }] = useQuery({
    query: SampleLinesDocument,
    variables: { runId, split, positions: wanted === null ? [] : (JSON.parse(wanted) as number[]) },
    pause: wanted === null,
  });
  const asked = operation?.variables;
  const lines = asked?.runId === runId && asked.split === split ? data?.sampleLines : undefined;
  return useMemo(() => new Map(lines?.map((line) => [line.position, line])), [lines]);
}
