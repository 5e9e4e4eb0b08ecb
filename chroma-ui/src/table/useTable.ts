import { useCallback, useMemo } from "react";
import { type Column, type ColumnValues, fetchColumn } from "../api/bytes";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { useLoaded } from "../lib/useLoaded";
import type { Table } from "../state/table";
import { useView } from "../state/view";
import { orderRows } from "./order";

/** Shown at the start where the film has them. */
const USUAL = ["label", "prediction", "correct", "confidence", "agreement", "label_score"];

export const usualTable = (columns: readonly Column[]): Table => ({
  columns: USUAL.filter((name) => columns.some((column) => column.name === name)).map((name) => ({
    name,
    width: null,
  })),
  sort: [],
});

export type TableColumn = { column: Column; width: number };

/** Of the header and the values, in CSS pixels. */
const widthOf = (column: Column): number =>
  Math.min(220, Math.max(column.kind === "NUMERIC" ? 84 : 96, 48 + 7.4 * column.title.length));

/** The values of a moment, loaded together. */
export type Loaded = { shown: ShownFrame; values: ReadonlyMap<string, ColumnValues> };

/** The columns and rows of the table: those that pass the filters, of which `only` where given. */
export function useTable(shown: ShownFrame, picture: Picture, only: Uint8Array | null) {
  const chosen = useView((view) => view.table);
  const { film } = shown;
  const table = useMemo(() => chosen ?? usualTable(film.columns), [chosen, film.columns]);
  const columns = useMemo<TableColumn[]>(
    () =>
      table.columns.flatMap(({ name, width }) => {
        const column = film.columns.find((other) => other.name === name);
        return column ? [{ column, width: width ?? widthOf(column) }] : [];
      }),
    [table, film.columns],
  );
  const wanted = useMemo(() => {
    const names = new Set([
      ...table.columns.map(({ name }) => name),
      ...table.sort.map(({ column }) => column),
    ]);
    return film.columns.filter(({ name }) => names.has(name));
  }, [table, film.columns]);
  const load = useCallback(
    async (): Promise<Loaded> => ({
      shown,
      values: new Map(
        await Promise.all(
          wanted.map(async (column) => [column.name, await fetchColumn(film, column, shown.frame)] as const),
        ),
      ),
    }),
    [shown, film, wanted],
  );
  // The values of the frame before stay, with its name, until those of the next are all there.
  const loaded = useLoaded(load, true);
  const { drawn } = picture.scene;
  const ofFilm = loaded?.shown.film.id === film.id ? loaded : null;
  const rows = useMemo(() => {
    const kept = only ? drawn.filter((row) => only[row]) : drawn;
    const keys = table.sort.flatMap(({ column, descending }) => {
      const values = ofFilm?.values.get(column);
      return values ? [{ values, descending }] : [];
    });
    return orderRows(kept, keys);
  }, [drawn, only, table.sort, ofFilm]);
  return { table, columns, rows, loaded: ofFilm };
}
