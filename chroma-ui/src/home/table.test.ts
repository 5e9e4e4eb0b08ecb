import { describe, expect, it } from "vitest";
import { columnsOf, filtered, grouped, shownAtFirst, sorted, type TableRun, textOf } from "./table";

const run = (id: string, config: unknown, metrics: Record<string, number | string>): TableRun =>
  ({
    ...{ id, name: `run ${id}`, project: "p", status: "FINISHED", createdAt: "2026-01-01T00:00:00Z" },
    ...{ runTags: [], bytes: 10, config },
    lastMetrics: Object.entries(metrics).map(([name, value]) => ({ name, value })),
  }) as TableRun;
const RUNS = [
  run("a", { lr: 0.1, net: { depth: 9 } }, { acc: 0.9 }),
  run("b", { lr: 0.1, net: { depth: 10 } }, { acc: 0.8, loss: "NaN" }),
  run("c", { lr: 0.1 }, { loss: 0.2 }),
];
const COLUMNS = columnsOf(RUNS);
const ids = (runs: readonly TableRun[]) => runs.map(({ id }) => id).join("");

describe("the table of runs", () => {
  it("has a column for each metric and leaf of a configuration; first those in which runs differ", () => {
    const names = COLUMNS.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["metric.acc", "metric.loss", "config.lr", "config.net.depth"]),
    );
    const first = shownAtFirst(COLUMNS, RUNS);
    expect(first).toContain("config.net.depth");
    expect(first).not.toContain("config.lr");
  });

  it("sorts numbers as numbers, what is missing or NaN last both ways", () => {
    const by = (column: string, down: boolean) => ids(sorted(RUNS, { column, down }, COLUMNS));
    expect(by("config.net.depth", false)).toBe("abc");
    expect(by("config.net.depth", true)).toBe("bac");
    expect(by("metric.loss", false)).toBe("cab");
    expect(by("metric.loss", true)).toBe("cab");
  });

  it("filters by conditions and by words", () => {
    expect(ids(filtered(RUNS, "acc > 0.85", COLUMNS))).toBe("a");
    expect(ids(filtered(RUNS, "acc >= 0.8, net.depth != 9", COLUMNS))).toBe("b");
    expect(ids(filtered(RUNS, "lr = 0.1", COLUMNS))).toBe("abc");
    expect(ids(filtered(RUNS, "RUN c", COLUMNS))).toBe("c");
    expect(ids(filtered(RUNS, "nothing > 3", COLUMNS))).toBe("");
  });

  it("groups by equal values", () => {
    const groups = grouped(RUNS, "config.net.depth", COLUMNS);
    expect(groups.map(([name, members]) => [name, ids(members)])).toEqual([
      ["9", "a"],
      ["10", "b"],
      ["–", "c"],
    ]);
    expect(textOf(COLUMNS[3], RUNS[0])).toMatch(/ago/);
  });
});
