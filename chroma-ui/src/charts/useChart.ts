import { useEffect, useMemo, useState } from "react";
import { type Column, type ColumnValues, fetchColumn } from "../api/bytes";
import { FOUND_COLUMN } from "../film/found";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import type { Chart } from "../state/charts";
import { FOUND } from "../state/filters";
import { countChart } from "./count";
import { kindOf } from "./kinds";
import type { Model } from "./model";

/** The columns that a chart can draw. */
export function chartColumns(shown: ShownFrame): Column[] {
  const columns = shown.film.columns.filter(({ name }) => name !== "position");
  return shown.columns.has(FOUND) ? [...columns, FOUND_COLUMN] : columns;
}

/** 1 for the points that pass the filters and that the legend does not hide. */
export function useKept({ scene }: Picture): Uint8Array {
  return useMemo(() => {
    const kept = new Uint8Array(scene.points.n);
    for (const i of scene.drawn) kept[i] = 1;
    return kept;
  }, [scene.points.n, scene.drawn]);
}

/** The values of some columns in a frame, loaded together. */
type Loaded = { shown: ShownFrame; of: string; values: ReadonlyMap<string, ColumnValues> };
/** `of` says of which columns, as what; the rest what it was counted from. */
type Counted = { of: string; usable: Loaded; kept: Uint8Array; model: Model };
type Answer = { loaded: Loaded | null; problem: string | null };

/** What a chart draws; the one of the frame before stays until the next is counted. */
export function useChart(chart: Chart, shown: ShownFrame, kept: Uint8Array) {
  const columns = chartColumns(shown);
  const x = columns.find(({ name }) => name === chart.x) ?? null;
  const y = chart.y === null ? null : (columns.find(({ name }) => name === chart.y) ?? null);
  const lost = x === null ? chart.x : chart.y !== null && y === null ? chart.y : null;
  const [{ loaded, problem }, setAnswer] = useState<Answer>({ loaded: null, problem: null });
  const [tries, setTries] = useState(0);
  const names = [x?.name, y?.name].filter((name) => name !== undefined).join("\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: columns are the same while their names and the frame are; again on "Try again"
  useEffect(() => {
    let current = true;
    const wanted = [x, y].filter((column) => column !== null);
    const load = async (column: Column) =>
      [
        column.name,
        shown.columns.get(column.name) ?? (await fetchColumn(shown.film, column, shown.frame)),
      ] as const;
    Promise.all(wanted.map(load)).then(
      (all) => current && setAnswer({ loaded: { shown, of: names, values: new Map(all) }, problem: null }),
      (error: unknown) =>
        current &&
        setAnswer({ loaded: null, problem: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      current = false;
    };
  }, [shown, names, tries]);

  const usable = loaded?.of === names && loaded.shown.film.id === shown.film.id ? loaded : null;
  const kind = x ? kindOf(chart, x, y) : null;
  const of = JSON.stringify([shown.film.id, names, kind, chart.log]);
  const [counted, setCounted] = useState<Counted | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `of` says which columns, kind and scales
  useEffect(() => {
    if (!x || !kind || !usable || usable.shown.points.n !== kept.length) return;
    const side = (column: Column) => {
      const values = usable.values.get(column.name);
      return values ? { name: column.name, title: column.title, values } : null;
    };
    const [across, up] = [side(x), y ? side(y) : null];
    if (!across || (y && !up)) return;
    const { present } = usable.shown.points;
    return countChart(
      { kind, x: across, y: up, log: chart.log, present, kept },
      (model) => setCounted({ of, usable, kept, model }),
      (problem) => setAnswer({ loaded: null, problem }),
    );
  }, [usable, kept, of]);
  // What was counted under the filters before stays until it is counted anew.
  const fits = counted?.of === of && counted.model.xBins.length === kept.length ? counted : null;
  const model = fits?.model ?? null;
  const isBusy = fits !== null && (fits.kept !== kept || fits.usable !== usable);
  return { x, y, lost, model, isBusy, problem, tryAgain: () => setTries((n) => n + 1) };
}
