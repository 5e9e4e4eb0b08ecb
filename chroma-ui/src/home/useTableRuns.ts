/** The runs of the table: the newest, and all of them once that is asked for. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useClient, useQuery } from "urql";
import { RunTableDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { allFrom, joined } from "./pages";
import type { TableRun } from "./table";

/** Runs that are loaded at first: all their configurations and metrics decide the columns. */
const NEWEST = 500;
/** Runs that are asked for at once after those. */
const PAGE = 1000;
const NOTHING: TableRun[] = [];

export type TableRuns = {
  runs: readonly TableRun[];
  /** How many there are. */
  of: number;
  loading: boolean;
  loadAll: () => void;
};

export function useTableRuns(): TableRuns {
  const client = useClient();
  const [{ data, fetching }, refetch] = useQuery({
    query: RunTableDocument,
    variables: { first: NEWEST, offset: 0 },
    requestPolicy: "cache-and-network",
  });
  const newest = data?.runsPage.runs ?? NOTHING;
  const of = data?.runsPage.of ?? 0;
  const [older, setOlder] = useState<readonly TableRun[] | null>(null);
  const [loading, setLoading] = useState(false);
  const runs = useMemo(() => joined(newest, older ?? NOTHING), [newest, older]);

  // One after another, however many events come meanwhile: thousands of runs take longer than the time between two.
  const asked = useRef(false);
  const busy = useRef(false);
  const loadAll = useCallback(async () => {
    asked.current = true;
    if (busy.current) return;
    busy.current = true;
    setLoading(true);
    while (asked.current) {
      asked.current = false;
      const found = await allFrom(NEWEST, async (offset) => {
        const variables = { first: PAGE, offset };
        const { data } = await client.query(RunTableDocument, variables, { requestPolicy: "network-only" });
        return data?.runsPage ?? null;
      });
      if (found) setOlder(found);
    }
    busy.current = false;
    setLoading(false);
  }, [client]);

  useEvents((events) => {
    refetch({ requestPolicy: "network-only" });
    const ofNewest = new Set<string | null | undefined>(newest.map(({ id }) => id));
    const ofOlder = ({ kind, runId }: (typeof events)[number]) =>
      kind === "LISTENING" || ((kind === "RUN" || kind === "METRIC") && !ofNewest.has(runId));
    if (older && events.some(ofOlder)) void loadAll();
  });
  // Runs that came, or were deleted, moved others from one page to the next.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each answer, whatever comes of it
  useEffect(() => {
    if (older && runs.length !== of) void loadAll();
  }, [data]);

  return { runs, of, loading: fetching || loading, loadAll: () => void loadAll() };
}
