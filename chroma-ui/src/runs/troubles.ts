/** Pure: what is wrong with the home, in sentences. */
import type { HomeStateQuery } from "../api/gql/graphql";
import { count } from "../lib/format";

export type HomeState = HomeStateQuery["home"];

export type Trouble = {
  /** Whose files; null where it concerns all. */
  run: string | null;
  title: string;
  reason: string;
  /** What helps; empty where it mends itself. */
  wayOut: string;
};

const PARTS: Record<string, string> = {
  ingest: "New segments are not taken in",
  films: "New films are not asked for",
  worker: "Films are not drawn",
};

/** What is down, read-only, damaged, missing or set aside. */
export function troublesOf(home: HomeState): Trouble[] {
  return [
    ...(home.readOnly
      ? [{ run: null, title: "The home is read-only", reason: home.readOnly, wayOut: "" }]
      : []),
    ...home.lowDisks.map((reason) => ({ run: null, title: "A disk is nearly full", reason, wayOut: "" })),
    ...home.down.map(({ part, reason }) => ({
      run: null,
      title: PARTS[part] ?? `${part} is down`,
      reason,
      wayOut: "",
    })),
    ...home.damage.map(({ runId, kind, count: n, reason, wayOut }) => ({
      run: runId,
      title: `${count(n)} ${n === 1 ? "file" : "files"} ${kind}`,
      reason,
      wayOut,
    })),
  ];
}
