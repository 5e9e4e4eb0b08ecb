// biome-ignore-all lint/a11y/useSemanticElements: a <table> cannot hold a part of its rows
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and its buttons
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { type ColumnValues, spriteAddress } from "../api/bytes";
import { useImages } from "../api/useImages";
import type { Picture } from "../film/picture";
import { indexAt, keyAt } from "../film/samples";
import { useSelectPoints } from "../film/useSelectedPoints";
import type { ShownFrame } from "../film/useShownFrame";
import { useDebounced } from "../lib/useDebounced";
import { useSize } from "../lib/useSize";
import { useLines } from "../selection/useLines";
import { useHovered } from "../state/hovered";
import { sampleOf } from "../state/sampleKey";
import type { Table } from "../state/table";
import { useView } from "../state/view";
import { Head, SAMPLE_WIDTH } from "./Head";
import { Row } from "./Row";
import styles from "./table.module.css";
import type { TableColumn } from "./useTable";
import { topFor, windowAt } from "./window";

type Props = {
  shown: ShownFrame;
  /** null until they are loaded. */
  values: ReadonlyMap<string, ColumnValues> | null;
  picture: Picture;
  split: { name: string; hasImages: boolean };
  table: Table;
  columns: readonly TableColumn[];
  /** Points in the order of the table. */
  rows: Uint32Array;
  /** 1 for the points that are selected. */
  selected: Uint8Array;
  /** A point. */
  focused: number | null;
};

const HEAD = 32;
/** Images are fetched once scrolling rests this long, in ms. */
const REST_MS = 80;

export function Grid({ shown, values, picture, split, table, columns, rows, selected, focused }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const { height } = useSize(frame);
  const [top, setTop] = useState(0);
  const [moved, setCursor] = useState(0);
  const cursor = Math.min(moved, rows.length - 1);
  const hovered = useHovered(({ sample }) => sample);
  const select = useSelectPoints(shown);
  const { hover } = useHovered.getState();
  const { film } = shown;
  const rise = split.hasImages ? 38 : 30;
  const room = Math.max(0, height - HEAD);
  const sight = windowAt(rows.length, rise, top, room);
  const seen = [...rows.subarray(sight.first, sight.last)];
  const keys = seen.map((row) => keyAt(shown, row));
  const lines = useLines(film, keys, height === 0);
  const resting = useDebounced(split.hasImages ? JSON.stringify(keys) : null, REST_MS);
  const pages = useMemo(
    () =>
      (JSON.parse(resting ?? "[]") as number[]).map((key) =>
        spriteAddress(film.runId, sampleOf(film.splits, key)),
      ),
    [resting, film.runId, film.splits],
  );
  const images = useImages(pages);
  const orderOf = useMemo(() => {
    let found: Map<number, number> | null = null;
    return (row: number): number => {
      found ??= new Map(Array.from(rows, (each, order) => [each, order]));
      return found.get(row) ?? -1;
    };
  }, [rows]);

  const show = (order: number) => {
    const wanted = topFor(order, rows.length, rise, top, room);
    if (wanted !== top) frame.current?.scrollTo({ top: wanted });
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is focused elsewhere comes into sight once
  useEffect(() => {
    if (focused === null || room === 0) return;
    const order = orderOf(focused);
    if (order < 0) return;
    setCursor(order);
    show(order);
  }, [focused, room === 0]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list or order begins at its top
  useEffect(() => {
    // Newer browsers return a promise, which is no clean-up function.
    frame.current?.scrollTo({ top: 0 });
    setCursor(0);
  }, [table.sort, film.id]);
  useEffect(() => () => useHovered.getState().hover(null, "list"), []);

  const toggle = (row: number) => select(Uint32Array.of(row), selected[row] ? "subtract" : "add");
  const go = (order: number, event: KeyboardEvent) => {
    const next = Math.min(rows.length - 1, Math.max(0, order));
    if (event.shiftKey) {
      const [from, to] = [Math.min(cursor, next), Math.max(cursor, next)];
      select(rows.slice(from, to + 1).sort(), "add");
    }
    setCursor(next);
    show(next);
    hover(keyAt(shown, rows[next]), "list");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(room / rise) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key];
    if (by) go(cursor + by, event);
    else if (event.key === "Home") go(0, event);
    else if (event.key === "End") go(rows.length - 1, event);
    else if (event.key === "Enter") useView.getState().focus(keyAt(shown, rows[cursor]), true);
    else if (event.key === " ") toggle(rows[cursor]);
    else return;
    event.preventDefault();
  };
  const width = SAMPLE_WIDTH + columns.reduce((sum, column) => sum + column.width, 0);
  const pointed = hovered === null ? -1 : indexAt(shown, hovered);

  return (
    <div
      ref={frame}
      className={styles.grid}
      role="grid"
      aria-label="Samples"
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      aria-activedescendant={
        height > 0 && cursor >= sight.first && cursor < sight.last ? `table-row-${cursor}` : undefined
      }
      data-testid="table-grid"
      tabIndex={0}
      onKeyDown={onKeyDown}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onPointerLeave={() => hover(null, "list")}
    >
      <Head columns={columns} table={table} width={width} />
      <div role="rowgroup" className={styles.body} style={{ height: sight.height, width }}>
        {height > 0
          ? seen.map((row, at) => {
              const order = sight.first + at;
              const key = keys[at];
              const sample = sampleOf(film.splits, key);
              return (
                <Row
                  key={row}
                  row={row}
                  order={order}
                  y={order * rise + sight.shift}
                  rise={rise}
                  columns={columns}
                  values={values}
                  picture={picture}
                  line={lines.get(key)}
                  sprite={
                    split.hasImages ? (images.get(spriteAddress(film.runId, sample)) ?? null) : undefined
                  }
                  sample={sample}
                  isSelected={selected[row] === 1}
                  isFocused={row === focused}
                  isCursor={order === cursor}
                  isPointed={row === pointed}
                  onPoint={() => hover(key, "list")}
                  onChoose={(event) => {
                    if (event.shiftKey) {
                      const [from, to] = [Math.min(cursor, order), Math.max(cursor, order)];
                      select(rows.slice(from, to + 1).sort(), "add");
                    } else if (event.ctrlKey || event.metaKey) toggle(row);
                    else useView.getState().focus(key);
                    setCursor(order);
                  }}
                />
              );
            })
          : null}
      </div>
    </div>
  );
}
