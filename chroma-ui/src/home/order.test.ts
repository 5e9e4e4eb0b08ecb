import { expect, it } from "vitest";
import { byProject, foundRuns, type HomeRun, lastValue, metricNames } from "./order";

const run = (name: string, bytes: number, metrics: Record<string, number>): HomeRun =>
  ({
    id: name,
    name,
    project: "digits",
    status: "FINISHED",
    runTags: name === "c" ? ["Baseline"] : [],
    bytes,
    lastMetrics: Object.entries(metrics).map(([name, value]) => ({ name, value })),
  }) as unknown as HomeRun;

const runs = [
  run("b", 5, { val_acc: 0.9, val_loss: 1 }),
  run("a", 9, { val_acc: Number.NaN }),
  run("c", 1, {}),
];
const names = (words: string, order: string) => foundRuns(runs, words, order).map(({ name }) => name);

it("orders by name, size and metrics; runs without one come last", () => {
  expect(names("", "newest")).toEqual(["b", "a", "c"]);
  expect(names("", "name")).toEqual(["a", "b", "c"]);
  expect(names("", "size")).toEqual(["a", "b", "c"]);
  expect(names("", "val_acc")).toEqual(["b", "a", "c"]); // a diverged
  expect(names("", "val_loss")).toEqual(["b", "a", "c"]);
});

it("finds runs by all words, and knows what was measured last", () => {
  expect(names("DIGITS c", "newest")).toEqual(["c"]);
  expect(names("mnist", "newest")).toEqual([]);
  expect(names("base", "newest")).toEqual(["c"]);
  expect(lastValue(runs[1], "val_acc")).toBeNaN();
  expect(lastValue(runs[2], "val_acc")).toBeNull();
  expect(metricNames(runs)).toEqual(["val_acc", "val_loss"]);
});

it("groups by project in the order of the runs", () => {
  const other = { ...runs[2], id: "d", project: "mnist" };
  const grouped = byProject([other, ...runs]);
  expect(grouped.map(([project, members]) => [project, members.length])).toEqual([
    ["mnist", 1],
    ["digits", 3],
  ]);
});
