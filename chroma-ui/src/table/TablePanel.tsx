import { useMemo, useState } from "react";
import { momentOf, spoken } from "../film/frameNames";
import { useSelectedPoints } from "../film/useSelectedPoints";
import { count } from "../lib/format";
import type { PanelProps } from "../workspace/panelProps";
import { ColumnMenu } from "./ColumnMenu";
import { ExportMenu } from "./ExportMenu";
import { Grid } from "./Grid";
import { SelectRows } from "./SelectRows";
import styles from "./table.module.css";
import { useTable } from "./useTable";

/** The samples that pass the filters as rows of any columns. */
export default function TablePanel(props: PanelProps) {
  const { shown, picture, split } = props;
  if (!shown || !picture || !split) return <p className={styles.note}>Waiting for the film.</p>;
  return <Filled {...props} shown={shown} picture={picture} split={split} />;
}

type Props = PanelProps & { [Name in "shown" | "picture" | "split"]: NonNullable<PanelProps[Name]> };

function Filled({ shown, picture, split, focus }: Props) {
  const selected = useSelectedPoints(shown);
  const [onlySelected, setOnlySelected] = useState(false);
  const { n } = shown.points;
  const mask = useMemo(() => {
    const found = new Uint8Array(n);
    for (const index of selected) found[index] = 1;
    return found;
  }, [n, selected]);
  const isOnly = onlySelected && selected.length > 0;
  const { table, columns, rows, loaded } = useTable(shown, picture, isOnly ? mask : null);
  const { film, frame } = loaded?.shown ?? shown;
  return (
    <div className={styles.panel} data-testid="table">
      <div className={styles.bar}>
        <p role="status" className={styles.count} data-testid="table-count">
          <b>{count(rows.length)}</b> of {count(n)} samples
          <span className={styles.moment}>
            {film.axis === "EPOCHS" ? momentOf(frame) : spoken(frame, film.axis)}
          </span>
        </p>
        <button
          type="button"
          className={styles.toggle}
          aria-pressed={isOnly}
          disabled={selected.length === 0}
          data-testid="table-only"
          onClick={() => setOnlySelected(!isOnly)}
        >
          Selected only
        </button>
        <SelectRows shown={shown} rows={rows} />
        <span className={styles.gap} />
        <ColumnMenu columns={shown.film.columns} table={table} />
        <ExportMenu shown={loaded?.shown ?? shown} rows={rows} table={table} n={n} />
      </div>
      {rows.length ? (
        <Grid
          shown={loaded?.shown ?? shown}
          values={loaded?.values ?? null}
          picture={picture}
          split={split}
          table={table}
          columns={columns}
          rows={rows}
          selected={mask}
          focused={focus.focused?.index ?? null}
        />
      ) : (
        <p className={styles.note}>No sample passes the filters.</p>
      )}
    </div>
  );
}
