import { useMemo } from "react";
import type { Column } from "../api/bytes";
import type { ShownFrame } from "../film/useShownFrame";
import { decimal, percent } from "../lib/format";
import { Section } from "../ui/controls";
import { standouts } from "./compare";
import styles from "./selection.module.css";
import { useColumns } from "./useColumns";

/** Not looked at: labels and predictions have their own section, position and split mean nothing here. */
const LEFT_OUT = new Set(["label", "prediction", "position", "split"]);
/** At most this many values are compared: 20 columns of a million points. */
const MOST_VALUES = 20_000_000;
const MOST_LISTED = 6;

/** Columns in which the selection differs most from all points. */
export function Standouts({ shown, indices }: { shown: ShownFrame; indices: Uint32Array }) {
  const { columns, n } = shown.film;
  const [looked, of] = useMemo((): [Column[], number] => {
    const all = columns.filter(({ name }) => !LEFT_OUT.has(name));
    return [all.slice(0, Math.max(1, Math.floor(MOST_VALUES / Math.max(1, n)))), all.length];
  }, [columns, n]);
  const values = useColumns(shown, looked);
  const found = useMemo(
    () => (values ? standouts(values, shown.points.present, indices).slice(0, MOST_LISTED) : []),
    [values, shown.points, indices],
  );
  if (found.length === 0) return null;
  return (
    <Section
      title="Stands out"
      note={looked.length < of ? `in ${looked.length} of ${of} columns` : "selected · all"}
    >
      <ul className={styles.standouts} data-testid="standouts">
        {found.map(({ column, value, inside, all, score }) => (
          <li
            key={`${column} ${value}`}
            data-column={column}
            title={`${decimal(Math.abs(score), 1)} standard errors from all samples`}
          >
            <span className={styles.shareName}>
              {columns.find(({ name }) => name === column)?.title ?? column}
              {value === null ? "" : `: ${value}`}
            </span>
            <b data-high>{value === null ? decimal(inside, 2) : percent(inside)}</b>
            <span>{value === null ? decimal(all, 2) : percent(all)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
