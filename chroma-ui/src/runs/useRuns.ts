import { useQuery } from "urql";
import { RunsDocument } from "../api/gql/graphql";

/**
 * The newest runs, then those of `also` that are older: what lists and names show. Others are found by words, as there
 * may be thousands.
 */
export function useRuns(also: readonly string[]) {
  const [{ data, error }, refetch] = useQuery({
    query: RunsDocument,
    variables: { words: "", also: [...also] },
    requestPolicy: "cache-and-network",
  });
  return { runs: data?.runsPage.runs ?? null, error, refetch };
}

/** Runs found by words, the newest first, and how many there are; null until they are there. */
export function useFoundRuns(words: string | null) {
  const [{ data }] = useQuery({
    query: RunsDocument,
    variables: { words: words ?? "", also: [] },
    requestPolicy: "cache-and-network",
    pause: words === null,
  });
  return words === null ? null : (data?.runsPage ?? null);
}
