import { useSelectPoints } from "../film/useSelectedPoints";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import styles from "./table.module.css";

/** Selects all rows of the table. */
export function SelectRows({ shown, rows }: { shown: ShownFrame; rows: Uint32Array }) {
  const select = useSelectPoints(shown);
  return (
    <button
      type="button"
      className={styles.toggle}
      disabled={rows.length === 0}
      data-testid="table-select"
      onClick={() => select(rows.slice().sort())}
    >
      Select all {count(rows.length)}
    </button>
  );
}
