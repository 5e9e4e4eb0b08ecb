/** The frame in three dimensions, where the view asks for it. */
import { useCallback, useEffect, useState } from "react";
import { useClient } from "urql";
import { type Film, type Frame, fetchOrbit } from "../api/bytes";
import { OrbitDocument, type OrbitFieldsFragment, RequestOrbitDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { SPACE_BOX, type Space } from "../scatter/space";
import { useView } from "../state/view";
import type { FilmBox } from "./useShownFrame";

/** What the camera fits in three dimensions. */
export const ORBIT_BOX: FilmBox = { name: "orbit", start: "", box: SPACE_BOX, complete: true, moves: true };

export type OrbitState = {
  /** null: the view does not ask for it. */
  method: string | null;
  /** null until it is there. */
  space: Space | null;
  /** Whether the frame itself is still to come: it is drawn first. */
  early: boolean;
  /** How far it is; null before the first answer. */
  drawing: Pick<OrbitFieldsFragment, "progress" | "message"> | null;
  problem: string | null;
};

type Answer = { of: string; orbit: OrbitFieldsFragment | null; space: Space | null; problem: string | null };

const why = (error: unknown) => (error instanceof Error ? error.message : String(error));

export function useOrbit(film: Film | null, frame: Frame | null): OrbitState {
  const client = useClient();
  const method = useView((view) => view.orbit);
  const wanted =
    method && film && frame && film.revision?.preview === false
      ? { filmId: film.id, frame: frame.index, method }
      : null;
  const of = wanted ? JSON.stringify([wanted, frame?.digest]) : "";
  const [answer, setAnswer] = useState<Answer | null>(null);

  const take = useCallback(
    async (ask: "request" | "look") => {
      if (!of) return;
      const [variables] = JSON.parse(of) as [NonNullable<typeof wanted>];
      const set = (change: Partial<Answer>) =>
        setAnswer((before) => ({
          ...(before?.of === of ? before : { of, orbit: null, space: null, problem: null }),
          ...change,
        }));
      try {
        const result =
          ask === "request"
            ? await client.mutation(RequestOrbitDocument, variables)
            : await client.query(OrbitDocument, variables, { requestPolicy: "network-only" });
        if (result.error) throw new Error(result.error.graphQLErrors[0]?.message ?? result.error.message);
        const { data } = result;
        const orbit = data ? ("requestOrbit" in data ? data.requestOrbit : data.orbit) : null;
        set({ orbit, problem: orbit?.status === "FAILED" ? (orbit.error ?? "no reason was given") : null });
        if (orbit?.digest) set({ space: await fetchOrbit({ id: variables.filmId }, orbit.digest) });
      } catch (error) {
        set({ problem: why(error) });
      }
    },
    [client, of],
  );
  useEffect(() => void take("request"), [take]);
  useEvents((events) => {
    const ours = events.some(
      ({ kind, filmId }) => kind === "LISTENING" || (kind === "FILM" && filmId === film?.id),
    );
    if (ours && of && !current?.space && !current?.problem) void take("look");
  });

  const current = answer?.of === of ? answer : null;
  return {
    method,
    early: wanted === null,
    space: current?.space ?? null,
    drawing: current?.orbit && !current.space ? current.orbit : null,
    problem: current?.problem ?? null,
  };
}
