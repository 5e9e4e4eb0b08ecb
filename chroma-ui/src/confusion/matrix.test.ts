import { describe, expect, it } from "vitest";
import { confusionOf, countIn, mostConfused, pairsOf, pointsOf, tellingNames, totalsOf } from "./matrix";

const column = (legend: string[], ...codes: number[]) => ({
  kind: "categorical" as const,
  codes: Uint16Array.from(codes),
  legend,
});
const label = column(["cat", "dog", "owl"], 0, 0, 1, 1, 2, 65535);
/** In another order, and with a class that no sample has. */
const prediction = column(["dog", "cat", "emu"], 1, 0, 0, 1, 2, 1);

describe("a confusion matrix", () => {
  it("goes by names, and leaves out what is not known", () => {
    const matrix = confusionOf(label, prediction);
    expect(matrix).toMatchObject({ names: ["cat", "dog", "owl", "emu"], known: 5, right: 2 });
    expect([
      countIn(matrix, 0, 0),
      countIn(matrix, 0, 1),
      countIn(matrix, 1, 0),
      countIn(matrix, 2, 3),
    ]).toEqual([1, 1, 1, 1]);
    expect(totalsOf(matrix)).toEqual({ labels: [2, 2, 1, 0], predictions: [2, 2, 0, 1] });
    expect([...pointsOf(label, prediction, "dog", "cat")]).toEqual([3]);
    expect([...pointsOf(label, prediction, "owl", "dog")]).toEqual([]);
  });

  it("keeps the classes that are confused most where there are many", () => {
    expect(mostConfused(confusionOf(label, prediction), 2)).toEqual([0, 1]);
    expect(mostConfused(confusionOf(label, prediction), 9)).toEqual([0, 1, 2, 3]);
  });
});

it("names classes by what tells them apart", () => {
  expect(tellingNames(["digit 3", "digit 8"])).toEqual(["3", "8"]);
  expect(tellingNames(["cat", "cow"])).toEqual(["cat", "cow"]);
  expect(tellingNames(["n01", "n02"])).toEqual(["n01", "n02"]);
  expect(tellingNames(["a b", "a "])).toEqual(["a b", "a "]);
  expect(tellingNames(["one"])).toEqual(["one"]);
});

describe("pairs of classes", () => {
  const names = ["a", "b", "c"];
  /** Of 10 samples each, so many of a are taken for b, and of b for c. */
  const frame = (ab: number, bc: number) => ({
    names,
    counts: Uint32Array.from([10 - ab, ab, 0, 0, 10 - bc, bc, 0, 0, 10]),
    known: 30,
    right: 30 - ab - bc,
  });

  it("are ranked by when they parted, those that still are together first", () => {
    const found = pairsOf([frame(6, 2), frame(2, 4), frame(3, 4), frame(0, 3)]);
    expect(found.map((pair) => [pair.names.join(), pair.parted])).toEqual([
      ["b,c", null],
      ["a,b", 3],
    ]);
    expect(found[1].shares).toEqual([0.3, 0.1, 0.15, 0]);
  });

  it("are not listed if they were never confused", () => {
    expect(pairsOf([frame(0, 0)])).toEqual([]);
    expect(pairsOf([])).toEqual([]);
  });
});
