import { expect, it } from "vitest";
import { byProject, faceOf, foundRuns, type HomeRun, lastValue, metricNames } from "./order";

const run = (name: string, bytes: number, metrics: Record<string, number[]>): HomeRun =>
  ({
    id: name,
    name,
    project: "digits",
    status: "FINISHED",
    runTags: name === "c" ? ["Baseline"] : [],
    bytes,
    metrics: Object.entries(metrics).map(([metric, values]) => ({
      name: metric,
      points: values.map((value, step) => ({ step, value })),
    })),
  }) as unknown as HomeRun;

const runs = [
  run("b", 5, { val_acc: [0.2, 0.9], val_loss: [3, 1] }),
  run("a", 9, { val_acc: [0.95, Number.NaN] }),
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

it("shows on the card the layer that opening the run shows", () => {
  const film = (layer: string, split: string, method: string, revision: object | null) =>
    ({
      layer,
      split,
      method,
      revision,
      axis: "EPOCHS",
      subset: false,
      steps: null,
    }) as HomeRun["films"][number];
  const face = (...films: HomeRun["films"]) => {
    const layers = ["stem", "fc1"].map((name) => ({ name, default: name === "fc1" }));
    const found = faceOf({ films, layers });
    return found && `${found.layer} ${found.split} ${found.method}`;
  };
  expect(face(film("stem", "val", "umap", {}), film("fc1", "val", "pca", null))).toBe("fc1 val pca");
  expect(face(film("fc1", "val", "pca", {}), film("fc1", "val", "umap", {}))).toBe("fc1 val umap");
  expect(face(film("fc1", "train", "umap", {}), film("fc1", "val", "umap", {}))).toBe("fc1 val umap");
  expect(face(film("fc1", "val", "umap", null), film("fc1", "val", "pca", {}))).toBe("fc1 val pca");
  expect(face(film("stem", "val", "umap", {}))).toBe("stem val umap");
  expect(face()).toBeNull();
});
