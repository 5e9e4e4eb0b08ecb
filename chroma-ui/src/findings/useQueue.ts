import { useCallback, useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { DecideLabelsDocument, LabelDoubtsDocument, type ProgressFieldsFragment } from "../api/gql/graphql";
import { notify } from "../state/notices";
import { type Decision, type Doubt, withDecision } from "./queue";

/** Rows fetched at once. */
const PAGE = 60;

type Queue = {
  rows: readonly Doubt[];
  progress: ProgressFieldsFragment | null;
  classNames: readonly string[];
  method: string;
  problem: string | null;
};

const EMPTY: Queue = { rows: [], progress: null, classNames: [], method: "", problem: null };

/** A queue of label doubts, fetched page by page, and how decisions on it are written. */
export function useQueue(runId: string, split: string) {
  const client = useClient();
  const [queue, setQueue] = useState<Queue>(EMPTY);
  const fetching = useRef(false);
  /** The last decision on its way: they arrive in the order in which they were made. */
  const written = useRef<Promise<unknown>>(Promise.resolve());
  const more = useCallback(
    async (after: number) => {
      if (fetching.current) return;
      fetching.current = true;
      const variables = { runId, split, first: PAGE, after };
      const { data, error } = await client.query(LabelDoubtsDocument, variables, {
        requestPolicy: "network-only",
      });
      fetching.current = false;
      const found = data?.labelDoubts;
      const problem = error ? (error.graphQLErrors[0]?.message ?? error.message) : null;
      setQueue((before) =>
        found
          ? { ...found, rows: [...before.rows.slice(0, after), ...found.rows], problem }
          : { ...before, problem },
      );
    },
    [client, runId, split],
  );
  useEffect(() => {
    setQueue(EMPTY);
    void more(0);
  }, [more]);

  /** null takes a decision away. */
  const decide = useCallback(
    async (row: Doubt, made: Decision | null) => {
      const before = row.decision ? { decision: row.decision, label: row.label } : null;
      const write = (rows: readonly Doubt[], what: Decision | null) => withDecision(rows, row.sampleId, what);
      setQueue((queue) => ({ ...queue, rows: write(queue.rows, made) }));
      const writing = written.current.then(() =>
        client.mutation(DecideLabelsDocument, {
          ...{ runId, split, sampleIds: [row.sampleId] },
          decision: made?.decision ?? "UNDO",
          label: made?.label,
        }),
      );
      written.current = writing;
      const { data, error } = await writing;
      const progress = data?.decideLabels;
      if (progress) setQueue((queue) => ({ ...queue, progress }));
      if (error) {
        setQueue((queue) => ({ ...queue, rows: write(queue.rows, before) }));
        notify(`The decision was not kept: ${error.graphQLErrors[0]?.message ?? error.message}`);
      }
    },
    [client, runId, split],
  );
  return { ...queue, more, decide };
}
