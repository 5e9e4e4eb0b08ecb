import { useCallback } from "react";
import { useMutation, useQuery } from "urql";
import { FindingsDocument, type FindingsFieldsFragment, RequestFindingsDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { notify } from "../state/notices";

export type FindingsOfRun = FindingsFieldsFragment;
export type Finding = FindingsOfRun["found"][number];

/** The findings of a run, kept up to date with the server, and how to have them looked for. */
export function useFindings(runId: string | null) {
  const [{ data, error }, refetch] = useQuery({
    query: FindingsDocument,
    variables: { id: runId ?? "" },
    pause: runId === null,
    requestPolicy: "cache-and-network",
  });
  const [, request] = useMutation(RequestFindingsDocument);
  useEvents((events) => {
    const concerns = events.some(
      ({ kind, runId: of }) =>
        kind === "LISTENING" || (of === runId && (kind === "FINDINGS" || kind === "TAG" || kind === "ALARM")),
    );
    if (concerns) refetch({ requestPolicy: "network-only" });
  });
  const look = useCallback(async () => {
    if (runId === null) return;
    const { error } = await request({ id: runId });
    if (error) notify(`Nothing was looked for: ${error.graphQLErrors[0]?.message ?? error.message}`);
    refetch({ requestPolicy: "network-only" });
  }, [request, refetch, runId]);
  const findings = data?.run?.id === runId ? data.run.findings : null;
  return { findings, problem: error ? (error.graphQLErrors[0]?.message ?? error.message) : null, look };
}
