/** The points that the view's search finds, and the column that says so. */
import { useEffect, useMemo, useState } from "react";
import { type CategoricalColumn, type Column, type Film, type Frame, fetchFound } from "../api/bytes";
import { FOUND } from "../state/filters";
import type { ShownFrame } from "./useShownFrame";

/** `points` ascend; null where the search cannot be read, for the reason in `problem`. */
export type Found = { words: string; points: Uint32Array | null; problem: string | null };

const LEGEND = ["found", "others"] as const;

/** The column by which the points that are found can be coloured and filtered. */
export const FOUND_COLUMN: Column = {
  name: FOUND,
  title: "Search",
  group: "Search",
  kind: "CATEGORICAL",
  perFrame: true,
  drawn: false,
  legend: [...LEGEND],
  note: null,
};

type Answer = { film: string; found: Found };

/** What a search finds at a frame; null without one, and until the first answer. */
export function useFound(film: Film | null, frame: Frame | null, words: string | null): Found | null {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [id, n, columns] = [film?.id ?? null, film?.n, film?.columns];
  // biome-ignore lint/correctness/useExhaustiveDependencies: new samples and tags may be found, too
  useEffect(() => {
    if (id === null || !frame || words === null) {
      setAnswer(null);
      return;
    }
    const controller = new AbortController();
    const settle = (found: Omit<Found, "words">) => {
      if (!controller.signal.aborted) setAnswer({ film: id, found: { words, ...found } });
    };
    fetchFound({ id }, words, frame, controller.signal).then(
      (points) => settle({ points, problem: null }),
      (error: unknown) =>
        settle({ points: null, problem: error instanceof Error ? error.message : String(error) }),
    );
    return () => controller.abort();
  }, [id, n, columns, frame, words]);
  return words !== null && answer?.film === id ? (answer?.found ?? null) : null;
}

/** The frame with the column of what is found, as its colour where that is asked for. */
export function useWithFound(
  shown: ShownFrame | null,
  found: Found | null,
  colour: string,
): ShownFrame | null {
  return useMemo(() => {
    if (!shown || !found?.points) return shown;
    const column = columnOf(shown.points.n, found.points);
    const columns = new Map(shown.columns).set(FOUND, column);
    if (colour !== FOUND) return { ...shown, columns };
    return { ...shown, columns, colour: column, colourName: FOUND, colourTitle: FOUND_COLUMN.title };
  }, [shown, found, colour]);
}

/** Pure. */
export function columnOf(n: number, points: Uint32Array): CategoricalColumn {
  const codes = new Uint16Array(n).fill(1);
  for (const i of points) if (i < n) codes[i] = 0;
  return { kind: "categorical", codes, legend: LEGEND };
}
