import { useEffect, useMemo, useState } from "react";
import { count } from "../lib/format";
import { usePreferences } from "../state/preferences";
import { Button } from "../ui/Button";
import { ChevronDown } from "../ui/icons";
import { Select } from "../ui/Select";
import { Sheet } from "../ui/Sheet";
import { type Column, columnsOf, filtered, grouped, type Sort, shownAtFirst, sorted, textOf } from "./table";
import styles from "./table.module.css";
import { useTableRuns } from "./useTableRuns";

type Props = {
  picked: ReadonlySet<string>;
  onPick: (id: string) => void;
  onOpen: (id: string) => void;
};

/** Rows on a page: more would make the page slow. */
const PAGE = 50;
const NO_GROUP = "none";

/** All runs as a table of metrics and configuration. */
export default function RunTable({ picked, onPick, onOpen }: Props) {
  const { runs, of, loading, loadAll } = useTableRuns();
  const [text, setText] = useState("");
  const [sort, setSort] = useState<Sort>({ column: "run.started", down: true });
  const [by, setBy] = useState<string | null>(null);
  const [page, setPage] = useState(0);
  const chosen = usePreferences((preferences) => preferences.runColumns);
  const columns = useMemo(() => columnsOf(runs), [runs]);
  const shown = useMemo(() => {
    const names = chosen ?? shownAtFirst(columns, runs);
    return columns.filter(({ name }) => names.includes(name));
  }, [chosen, columns, runs]);
  const rows = useMemo(() => {
    const found = sorted(filtered(runs, text, columns), sort, columns);
    return grouped(found, by, columns).flatMap(([name, members]) =>
      members.map((run, at) => ({
        run,
        head: at === 0 && name !== null ? { name, n: members.length } : null,
      })),
    );
  }, [runs, text, columns, sort, by]);
  const numeric = new Set(
    shown.filter(({ of }) => rows.some(({ run }) => typeof of(run) === "number")).map(({ name }) => name),
  );
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  const at = Math.min(page, pages - 1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins at its first page
  useEffect(() => setPage(0), [text, by, sort]);
  const listed = rows.slice(at * PAGE, (at + 1) * PAGE);
  return (
    <div className={styles.runs} data-testid="run-table">
      <div className={styles.tools}>
        <input
          type="search"
          className={styles.filter}
          placeholder="Filter: val_acc > 0.9, optimizer = adam, words"
          aria-label="Filter the table"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Select
          label="Group by"
          testId="table-group"
          value={by ?? NO_GROUP}
          note="grouped"
          options={[
            { value: NO_GROUP, name: "not" },
            ...columns.map(({ name, title, group }) => ({ value: name, name: title, group })),
          ]}
          onChange={(name) => setBy(name === NO_GROUP ? null : name)}
          compact
        />
        <Columns columns={columns} shown={shown} />
        <span className={styles.count} role="status" data-testid="table-count">
          {count(rows.length)} of {count(runs.length)} runs
          {of > runs.length ? `, the newest of ${count(of)}` : null}
        </span>
        {of > runs.length ? (
          <Button look="quiet" disabled={loading} onClick={loadAll} data-testid="table-all">
            Load all {count(of)}
          </Button>
        ) : null}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by key */}
      <section className={styles.wide} tabIndex={0} aria-label="Table of runs">
        <table className={styles.table}>
          <thead>
            <tr>
              <th aria-label="Chosen" />
              {shown.map(({ name, title }) => {
                const isBy = sort.column === name;
                return (
                  <th
                    key={name}
                    scope="col"
                    data-number={numeric.has(name) || undefined}
                    aria-sort={isBy ? (sort.down ? "descending" : "ascending") : "none"}
                  >
                    <button
                      type="button"
                      title={`Sort by ${title}`}
                      data-testid="table-sort"
                      data-column={name}
                      onClick={() => setSort({ column: name, down: isBy ? !sort.down : false })}
                    >
                      {title}
                      {isBy ? (sort.down ? " ↓" : " ↑") : ""}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {listed.map(({ run, head }) => [
              head ? (
                <tr key={`${run.id} head`} className={styles.group} data-testid="table-group-row">
                  <th colSpan={shown.length + 1} scope="rowgroup">
                    {head.name} <span>{count(head.n)}</span>
                  </th>
                </tr>
              ) : null,
              <tr
                key={run.id}
                data-testid="table-run"
                data-run={run.id}
                data-picked={picked.has(run.id) || undefined}
              >
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Choose ${run.name}`}
                    checked={picked.has(run.id)}
                    onChange={() => onPick(run.id)}
                  />
                </td>
                {shown.map((column) => (
                  <td
                    key={column.name}
                    data-number={numeric.has(column.name) || undefined}
                    title={textOf(column, run)}
                  >
                    {column.name === "run.name" ? (
                      <button type="button" className={styles.open} onClick={() => onOpen(run.id)}>
                        {run.name}
                      </button>
                    ) : (
                      textOf(column, run)
                    )}
                  </td>
                ))}
              </tr>,
            ])}
          </tbody>
        </table>
      </section>
      {pages > 1 ? (
        <div className={styles.pages}>
          <Button look="quiet" disabled={at === 0} onClick={() => setPage(at - 1)}>
            Back
          </Button>
          <span>
            {count(at * PAGE + 1)}–{count(Math.min(rows.length, (at + 1) * PAGE))} of {count(rows.length)}
          </span>
          <Button
            look="quiet"
            disabled={at + 1 >= pages}
            onClick={() => setPage(at + 1)}
            data-testid="table-next"
          >
            More
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function Columns({ columns, shown }: { columns: readonly Column[]; shown: readonly Column[] }) {
  const names = shown.map(({ name }) => name);
  const set = (runColumns: string[] | null) => usePreferences.getState().set({ runColumns });
  return (
    <Sheet
      label="Columns"
      trigger={
        <Button data-testid="table-columns">
          {count(shown.length)} of {count(columns.length)} columns <ChevronDown size={13} />
        </Button>
      }
      className={styles.menu}
    >
      <Button look="quiet" onClick={() => set(null)}>
        Those that tell runs apart
      </Button>
      {columns.map(({ name, title, group }) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={names.includes(name)}
            onChange={() =>
              set(names.includes(name) ? names.filter((other) => other !== name) : [...names, name])
            }
          />
          <span>{title}</span>
          <small>{group}</small>
        </label>
      ))}
    </Sheet>
  );
}
