import { useCallback } from "react";
import { type Column, type ColumnValues, fetchColumn } from "../api/bytes";
import type { ShownFrame } from "../film/useShownFrame";
import { useLoaded } from "../lib/useLoaded";

/** Values of several columns in the frame shown, by name; null until they are loaded. Memoise the list. */
export function useColumns(
  { film, frame }: ShownFrame,
  columns: readonly Column[],
): ReadonlyMap<string, ColumnValues> | null {
  const load = useCallback(
    async () =>
      new Map(
        await Promise.all(
          columns.map(async (column) => [column.name, await fetchColumn(film, column, frame)] as const),
        ),
      ),
    [film, frame, columns],
  );
  return useLoaded(load);
}
