import { useState } from "react";
import type { Column } from "../api/bytes";
import type { Table } from "../state/table";
import { useView } from "../state/view";
import { Button, IconButton } from "../ui/Button";
import { ArrowDown, ArrowUp, Check, ChevronDown } from "../ui/icons";
import { Sheet } from "../ui/Sheet";
import styles from "./table.module.css";

type Props = { columns: readonly Column[]; table: Table };

/** Chooses the columns and their order. */
export function ColumnMenu({ columns, table }: Props) {
  const [words, setWords] = useState("");
  const { setTable } = useView.getState();
  const shown = table.columns.map(({ name }) => name);
  const matching = columns.filter(({ title }) => title.toLowerCase().includes(words.trim().toLowerCase()));
  const toggle = (name: string) =>
    setTable({
      columns: shown.includes(name)
        ? table.columns.filter((column) => column.name !== name)
        : [...table.columns, { name, width: null }],
      sort: shown.includes(name) ? table.sort.filter((key) => key.column !== name) : table.sort,
    });
  const move = (name: string, by: number) => {
    const at = shown.indexOf(name);
    const next = [...table.columns];
    const [taken] = next.splice(at, 1);
    next.splice(Math.max(0, at + by), 0, taken);
    setTable({ ...table, columns: next });
  };
  return (
    <Sheet
      label="Columns"
      trigger={
        <Button className={styles.small} data-testid="table-columns">
          Columns <ChevronDown size={13} />
        </Button>
      }
      className={styles.sheet}
    >
      <input
        className={styles.search}
        placeholder="Find a column"
        aria-label="Find a column"
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <ul className={styles.choices}>
        {matching.map(({ name, title, group }) => {
          const at = shown.indexOf(name);
          return (
            <li key={name}>
              <button
                type="button"
                className={styles.choice}
                aria-pressed={at >= 0}
                data-column={name}
                onClick={() => toggle(name)}
              >
                <span className={styles.tick}>{at >= 0 ? <Check size={13} /> : null}</span>
                {title}
                <small>{group}</small>
              </button>
              {at >= 0 ? (
                <>
                  <IconButton
                    label={`${title} to the left`}
                    disabled={at === 0}
                    onClick={() => move(name, -1)}
                  >
                    <ArrowUp size={13} />
                  </IconButton>
                  <IconButton
                    label={`${title} to the right`}
                    disabled={at === shown.length - 1}
                    onClick={() => move(name, 1)}
                  >
                    <ArrowDown size={13} />
                  </IconButton>
                </>
              ) : null}
            </li>
          );
        })}
      </ul>
      <Button className={styles.small} onClick={() => setTable(null)}>
        Usual columns
      </Button>
    </Sheet>
  );
}
