import { useEffect } from "react";
import { useQuery } from "urql";
import { HomeStateDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { useConnection } from "../state/connection";
import { setPublicUrl } from "./copyLink";
import type { HomeState } from "./troubles";

/** How far ingest is, and what is wrong with the home; null while unknown. */
export function useHomeState(): HomeState | null {
  const returns = useConnection((connection) => connection.returns);
  const [{ data }, refetch] = useQuery({ query: HomeStateDocument, requestPolicy: "cache-and-network" });
  useEvents((events) => {
    if (events.some(({ kind }) => kind === "HOME" || kind === "LISTENING" || kind === "RUN"))
      refetch({ requestPolicy: "network-only" });
  });
  useEffect(() => {
    if (returns > 0) refetch({ requestPolicy: "network-only" });
  }, [returns, refetch]);
  const home = data?.home ?? null;
  const url = home?.publicUrl ?? null;
  useEffect(() => setPublicUrl(url), [url]);
  return home;
}
