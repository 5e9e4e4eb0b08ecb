import { useEffect, useState } from "react";
import { useClient } from "urql";
import type { Film } from "../api/bytes";
import { SampleLinesDocument, type SampleLinesQuery } from "../api/gql/graphql";
import { useDebounced } from "../lib/useDebounced";
import { keyOf, sampleOf } from "../state/sampleKey";

/** Lists scroll faster than they can be fetched: the visible part is fetched once scrolling rests this long. */
const REST_MS = 60;

type Lines = ReadonlyMap<number, SampleLinesQuery["sampleLines"][number]>;
const NONE: Lines = new Map();

/** Ids and texts of the visible samples of a list, by key. */
export function useLines(
  { runId, splits }: Pick<Film, "runId" | "splits">,
  keys: readonly number[],
  pause: boolean,
): Lines {
  const client = useClient();
  const place = JSON.stringify([runId, splits]);
  const wanted = useDebounced(pause ? null : JSON.stringify(keys), REST_MS);
  const [found, setFound] = useState<{ place: string; lines: Lines }>({ place: "", lines: NONE });
  useEffect(() => {
    if (wanted === null) return;
    let current = true;
    const [run, names] = JSON.parse(place) as [string, string[]];
    const samples = (JSON.parse(wanted) as number[]).map((key) => sampleOf(names, key));
    const ask = async (split: string) => {
      const positions = samples.filter((sample) => sample.split === split).map(({ position }) => position);
      const { data } = await client.query(SampleLinesDocument, { runId: run, split, positions });
      return (data?.sampleLines ?? []).map(
        (line) => [keyOf(names, { split, position: line.position }) ?? -1, line] as const,
      );
    };
    const asked = names.filter((name) => samples.some(({ split }) => split === name));
    void Promise.all(asked.map(ask)).then((lists) => {
      if (current) setFound({ place, lines: new Map(lists.flat()) });
    });
    return () => {
      current = false;
    };
  }, [client, place, wanted]);
  return found.place === place ? found.lines : NONE;
}
