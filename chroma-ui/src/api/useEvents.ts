import { useEffect, useRef } from "react";
import { useSubscription } from "urql";
import { EventsDocument, type EventsSubscription } from "./gql/graphql";

export type ServerEvent = EventsSubscription["events"];

/** Events within this time are handled together, in ms. */
const GATHER_MS = 250;

/**
 * Calls `onEvents` with batches of server events. LISTENING arrives whenever the socket opens: earlier events were not
 * delivered, so fetch again.
 */
export function useEvents(onEvents: (events: ServerEvent[]) => void): void {
  const latest = useRef(onEvents);
  latest.current = onEvents;
  const gathered = useRef<ServerEvent[]>([]);
  const timer = useRef<number | null>(null);

  useSubscription({ query: EventsDocument }, (_, next) => {
    gathered.current.push(next.events);
    timer.current ??= window.setTimeout(() => {
      timer.current = null;
      latest.current(gathered.current.splice(0));
    }, GATHER_MS);
    return next;
  });

  useEffect(
    () => () => {
      if (timer.current !== null) window.clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
}
