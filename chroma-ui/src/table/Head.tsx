// biome-ignore-all lint/a11y/useSemanticElements: a <table> cannot hold a part of its rows
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and its buttons
import { useRef } from "react";
import { clampWidth, LEAST_WIDTH, sortedBy, type Table } from "../state/table";
import { useView } from "../state/view";
import { ArrowDown, ArrowUp } from "../ui/icons";
import styles from "./table.module.css";
import type { TableColumn } from "./useTable";

/** Of the first column: the image or text, and the id. */
export const SAMPLE_WIDTH = 190;
const KEY_STEP = 16;

type Props = { columns: readonly TableColumn[]; table: Table; width: number };

/** The titles of the columns: a click sorts, with shift by one more column; the edge resizes. */
export function Head({ columns, table, width }: Props) {
  return (
    <div role="rowgroup" className={styles.head} style={{ width }}>
      <div role="row" aria-rowindex={1} className={styles.titles}>
        <div role="columnheader" className={styles.title} style={{ width: SAMPLE_WIDTH }}>
          Sample
        </div>
        {columns.map((each) => (
          <Title key={each.column.name} {...each} table={table} />
        ))}
      </div>
    </div>
  );
}

function Title({ column, width, table }: TableColumn & { table: Table }) {
  const { setTable } = useView.getState();
  const at = table.sort.findIndex((key) => key.column === column.name);
  const key = at < 0 ? null : table.sort[at];
  const start = useRef<{ x: number; width: number } | null>(null);
  const resize = (next: number | null) =>
    setTable({
      ...table,
      columns: table.columns.map((each) =>
        each.name === column.name ? { ...each, width: next === null ? null : clampWidth(next) } : each,
      ),
    });
  return (
    <div
      role="columnheader"
      aria-sort={key ? (key.descending ? "descending" : "ascending") : "none"}
      className={styles.title}
      data-number={column.kind === "NUMERIC" || undefined}
      style={{ width }}
    >
      <button
        type="button"
        title={`Sort by ${column.title}; with shift, after the other columns`}
        data-testid="table-sort"
        data-column={column.name}
        onClick={(event) => setTable({ ...table, sort: sortedBy(table.sort, column.name, event.shiftKey) })}
      >
        <span>{column.title}</span>
        {key ? key.descending ? <ArrowDown size={12} /> : <ArrowUp size={12} /> : null}
        {key && table.sort.length > 1 ? <sup>{at + 1}</sup> : null}
      </button>
      <span
        className={styles.handle}
        role="separator"
        aria-label={`Width of ${column.title}`}
        aria-orientation="vertical"
        aria-valuenow={Math.round(width)}
        aria-valuemin={LEAST_WIDTH}
        tabIndex={0}
        data-testid="table-width"
        data-column={column.name}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = { x: event.clientX, width };
        }}
        onPointerMove={(event) => {
          if (start.current) resize(start.current.width + event.clientX - start.current.x);
        }}
        onPointerUp={() => {
          start.current = null;
        }}
        onDoubleClick={() => resize(null)}
        onKeyDown={(event) => {
          const by = { ArrowRight: KEY_STEP, ArrowLeft: -KEY_STEP }[event.key];
          if (!by) return;
          event.preventDefault();
          resize(width + by);
        }}
      />
    </div>
  );
}
