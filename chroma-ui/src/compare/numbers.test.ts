import { describe, expect, it } from "vitest";
import { configRows, curvesOf, flat, metricRows, type Numbered } from "./numbers";

const metric = (name: string, values: (number | string)[], epochs = true) => ({
  name,
  points: values.map((value, i) => ({ epoch: epochs ? i : null, step: 10 * i, value })),
});
const A: Numbered = {
  config: { lr: 0.1, optimizer: { name: "adam", betas: [0.9, 0.99] }, seed: 1 },
  metrics: [metric("lr", [0.1]), metric("val_acc", [0.5, 0.9]), metric("val_loss", [2, 1])],
};
const B: Numbered = {
  config: { lr: 0.1, optimizer: { name: "sgd", betas: [0.9, 0.99] }, warm: {} },
  metrics: [metric("val_acc", [0.6, 0.8, "NaN"]), metric("val_loss", [2, 1])],
};

describe("runs in numbers", () => {
  it("names the leaves of a configuration", () => {
    expect(flat({ a: { b: null, c: { d: "x" } }, e: {} })).toEqual([
      ["a.b", "null"],
      ["a.c.d", "x"],
      ["e", "{}"],
    ]);
    expect(flat({})).toEqual([]);
    expect(flat(null)).toEqual([]);
  });

  it("puts what differs first, also where a run has no value", () => {
    const rows = configRows([A, B]);
    expect(rows.map(({ name, differs }) => [name, differs])).toEqual([
      ["optimizer.name", true],
      ["seed", true],
      ["warm", true],
      ["lr", false],
      ["optimizer.betas", false],
    ]);
    expect(rows[1].values).toEqual(["1", null]);
  });

  it("says which run is better only where that is known", () => {
    const rows = metricRows([A, B]);
    expect(rows.map(({ name }) => name)).toEqual(["val_loss", "val_acc", "lr"]);
    expect(rows[0]).toMatchObject({ values: [1, 1], differs: false, best: [] });
    // a run that ended in NaN is not better, and one alone is not the best
    expect(rows[1]).toMatchObject({ values: [0.9, Number.NaN], differs: true, best: [] });
    expect(rows[2].best).toEqual([]);
    expect(metricRows([A, { ...B, metrics: [metric("val_loss", [0.4])] }])[0].best).toEqual([1]);
  });

  it("draws by epoch only where all values have one", () => {
    expect(curvesOf("val_acc", [A, B])).toMatchObject({
      axis: "epoch",
      series: [{ length: 2 }, { length: 3 }],
    });
    const bare = { config: {}, metrics: [metric("val_acc", [1, 2], false)] };
    expect(curvesOf("val_acc", [A, bare]).series[0][1]).toEqual({ at: 10, value: 0.9 });
  });
});
