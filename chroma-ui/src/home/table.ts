/** Pure: the runs as a table of any columns: which there are, and its rows filtered, sorted and grouped. */
import type { RunTableQuery } from "../api/gql/graphql";
import { flat } from "../compare/numbers";
import { ago, bytes, logged } from "../lib/format";

export type TableRun = RunTableQuery["runsPage"]["runs"][number];
type Value = string | number | null;
export type Column = {
  /** `run.…`, `metric.…` or `config.…`: stable while runs come and go. */
  name: string;
  title: string;
  group: "Run" | "Metrics" | "Configuration";
  of: (run: TableRun) => Value;
  /** How a value reads; by default a number with the digits that compare it. */
  text?: (run: TableRun) => string;
};
export type Sort = { column: string; down: boolean };

const ABOUT: readonly Column[] = [
  { name: "run.name", title: "name", group: "Run", of: (run) => run.name },
  { name: "run.project", title: "project", group: "Run", of: (run) => run.project },
  { name: "run.status", title: "status", group: "Run", of: (run) => run.status.toLowerCase() },
  {
    ...{ name: "run.started", title: "started", group: "Run" },
    of: (run) => Date.parse(run.createdAt),
    text: (run) => ago(run.createdAt),
  },
  { name: "run.tags", title: "tags", group: "Run", of: (run) => run.runTags.join(", ") || null },
  {
    ...{ name: "run.size", title: "size", group: "Run" },
    of: (run) => run.bytes,
    text: (run) => bytes(run.bytes),
  },
];

/** Of configuration, the columns in which runs differ are shown until a person chooses. */
const MOST_AT_FIRST = 12;

/** A configuration's value: a number where it is one, so that 10 comes after 9. */
function leaf(text: string | undefined): Value {
  if (text === undefined) return null;
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}

/** All columns of these runs. */
export function columnsOf(runs: readonly TableRun[]): Column[] {
  const known = new Map(runs.map((run) => [run.id, new Map(flat(run.config))]));
  const metrics = [...new Set(runs.flatMap((run) => run.lastMetrics.map(({ name }) => name)))].sort();
  const config = [...new Set([...known.values()].flatMap((leaves) => [...leaves.keys()]))].sort();
  return [
    ...ABOUT,
    ...metrics.map((name): Column => {
      const of = (run: TableRun) => {
        const found = run.lastMetrics.find((metric) => metric.name === name);
        return found ? Number(found.value) : null;
      };
      return { name: `metric.${name}`, title: name, group: "Metrics", of };
    }),
    ...config.map(
      (name): Column => ({
        ...{ name: `config.${name}`, title: name, group: "Configuration" },
        of: (run) => leaf(known.get(run.id)?.get(name)),
      }),
    ),
  ];
}

export function textOf(column: Column, run: TableRun): string {
  if (column.text) return column.text(run);
  const value = column.of(run);
  if (value === null) return "–";
  if (typeof value === "string") return value;
  return column.group === "Configuration" ? String(value) : logged(value);
}

/** Until a person chooses: what a run is, its metrics, and configuration in which runs differ. */
export function shownAtFirst(columns: readonly Column[], runs: readonly TableRun[]): string[] {
  const first = columns.filter(({ name }) => name !== "run.tags" && name !== "run.size");
  const telling = first.filter(
    (column) =>
      column.group !== "Configuration" || new Set(runs.map((run) => String(column.of(run)))).size > 1,
  );
  return telling.slice(0, MOST_AT_FIRST).map(({ name }) => name);
}

const COMPARISON = /^([\w./: -]+?)\s*(<=|>=|!=|<|>|=)\s*(.+)$/;

/** Whether a run meets one condition: `val_acc > 0.9`, `optimizer = adam`, or words that stand in the row. */
function meets(run: TableRun, condition: string, columns: readonly Column[]): boolean {
  const parts = condition.match(COMPARISON);
  const column = parts && columns.find(({ title, name }) => title === parts[1] || name === parts[1]);
  if (!parts || !column) {
    const row = columns
      .map((each) => textOf(each, run))
      .join(" ")
      .toLowerCase();
    return condition
      .toLowerCase()
      .split(/\s+/)
      .every((word) => row.includes(word));
  }
  const [, , sign, wanted] = parts;
  const value = column.of(run);
  const number = Number(wanted);
  const alike =
    typeof value === "number" ? value === number : String(value ?? "").toLowerCase() === wanted.toLowerCase();
  if (sign === "=") return alike;
  if (sign === "!=") return !alike;
  if (typeof value !== "number" || Number.isNaN(number)) return false;
  return (
    { "<": value < number, ">": value > number, "<=": value <= number, ">=": value >= number }[sign] ?? false
  );
}

/** Conditions stand between commas; all must be met. */
export function filtered(runs: readonly TableRun[], text: string, columns: readonly Column[]): TableRun[] {
  const conditions = text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  return runs.filter((run) => conditions.every((condition) => meets(run, condition, columns)));
}

/** Runs without a value come last, whichever way. */
export function sorted(
  runs: readonly TableRun[],
  { column, down }: Sort,
  columns: readonly Column[],
): TableRun[] {
  const by = columns.find(({ name }) => name === column);
  if (!by) return [...runs];
  const missing = (value: Value) => value === null || Number.isNaN(value);
  return [...runs].sort((one, other) => {
    const [a, b] = [by.of(one), by.of(other)];
    if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
    const both = typeof a === "number" && typeof b === "number";
    const order = both ? (a as number) - (b as number) : String(a).localeCompare(String(b));
    return down ? -order : order;
  });
}

/** Groups of equal values in the order of their first run; null is one group without a name. */
export function grouped(
  runs: readonly TableRun[],
  by: string | null,
  columns: readonly Column[],
): [string | null, TableRun[]][] {
  const column = columns.find(({ name }) => name === by);
  if (!column) return [[null, [...runs]]];
  const found = new Map<string, TableRun[]>();
  for (const run of runs) {
    const value = textOf(column, run);
    found.set(value, [...(found.get(value) ?? []), run]);
  }
  return [...found];
}
