import { expect, it } from "vitest";
import { byProject, type HomeRun, lastValue } from "./order";

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
it("knows what was measured last", () => {
  expect(lastValue(runs[0], "val_loss")).toBe(1);
  expect(lastValue(runs[1], "val_acc")).toBeNaN();
  expect(lastValue(runs[2], "val_acc")).toBeNull();
});

it("groups by project in the order of the runs", () => {
  const other = { ...runs[2], id: "d", project: "mnist" };
  const grouped = byProject([other, ...runs]);
  expect(grouped.map(([project, members]) => [project, members.length])).toEqual([
    ["mnist", 1],
    ["digits", 3],
  ]);
});
