import { useQuery } from "urql";
import { RunEventsDocument, type RunEventsQuery } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";

export type RunEvent = NonNullable<RunEventsQuery["run"]>["events"][number];

const NONE: readonly RunEvent[] = [];

/** Alarms of a run, and what was reported by `run.alert`, by step; kept up to date with the server. */
export function useRunEvents(runId: string | null): readonly RunEvent[] {
  const [{ data }, refetch] = useQuery({
    query: RunEventsDocument,
    variables: { id: runId ?? "" },
    pause: runId === null,
    requestPolicy: "cache-and-network",
  });
  useEvents((events) => {
    if (events.some(({ kind, runId: of }) => kind === "LISTENING" || (kind === "ALARM" && of === runId)))
      refetch({ requestPolicy: "network-only" });
  });
  return data?.run?.id === runId ? data.run.events : NONE;
}

const REPORTED = "alarm-";

/** How findings, and the address, name an event. */
export const keyOf = (event: RunEvent): string => `${REPORTED}${event.id}`;

/** Whether a finding only repeats an event of the run, which the feed shows. */
export const isReported = ({ key }: { key: string }): boolean => key.startsWith(REPORTED);
