import { describe, expect, it } from "vitest";
import type { ColumnValues } from "../api/bytes";
import { chosenFilters, filtersOf, isChosen, pointsIn } from "./act";
import { axisOf, binsOf, edgeOf, NO_BIN } from "./axes";
import { fieldText, modelOf, SHARES, summaryOf } from "./model";
import { quantilesOf } from "./quantiles";

const numbers = (...values: number[]): ColumnValues => ({
  kind: "numeric",
  values: Float32Array.from(values),
});
const names = (legend: string[], ...codes: number[]): ColumnValues => ({
  ...{ kind: "categorical", legend, codes: Uint16Array.from(codes) },
});
const ones = (n: number) => new Uint8Array(n).fill(1);
const side = (name: string, values: ColumnValues) => ({ name, title: name, values });
const WAY = { most: 40, bins: 4, log: false };

describe("axes", () => {
  it("give each name a bin, the most frequent where there are too many, and count what they leave out", () => {
    const values = names(["b10", "b9", "rare", "unused"], 0, 0, 1, 1, 2, 65535);
    const axis = axisOf(values, ones(6), WAY);
    expect(axis).toMatchObject({ names: ["b9", "b10", "rare"], of: 3, missing: 1, unfit: 0 });
    expect([...binsOf(values, ones(6), axis)]).toEqual([1, 1, 0, 0, 2, NO_BIN]);
    const few = axisOf(values, ones(6), { ...WAY, most: 2 });
    expect(few).toMatchObject({ names: ["b10", "b9"], of: 3, unfit: 1 });
  });

  it("span the numbers, on a log scale those above zero", () => {
    const values = numbers(0.1, 1.1, 11, 1000, 0, -3, Number.NaN);
    const axis = axisOf(values, ones(7), { ...WAY, log: true });
    if (axis.kind !== "numbers") throw new Error("numbers");
    expect(axis).toMatchObject({ missing: 1, unfit: 2, high: 1000 });
    expect([...binsOf(values, ones(7), axis)]).toEqual([0, 1, 2, 3, NO_BIN, NO_BIN, NO_BIN]);
    expect(edgeOf(axis, 2)).toBeCloseTo(10, 4);
    expect(axisOf(numbers(2, 3, 5), ones(3), { ...WAY, bins: 40 })).toMatchObject({
      low: 1.5,
      high: 5.5,
      bins: 4,
    });
    expect(axisOf(numbers(Number.NaN), ones(1), WAY)).toMatchObject({ missing: 1 });
  });
});

describe("quantiles", () => {
  it("are those of the sorted values, whatever their spread", () => {
    const n = 20_000;
    const values = Float32Array.from({ length: n }, (_, i) => Math.tan(((i * 7919) % n) / n - 0.5) ** 3);
    const groups = Uint16Array.from({ length: n }, (_, i) => (i % 50 === 0 ? NO_BIN : i % 3));
    const found = quantilesOf(values, groups, 4, SHARES);
    for (const group of [0, 1, 2]) {
      const own = values.filter((_, i) => groups[i] === group).sort();
      expect(found[group]).toEqual(SHARES.map((share) => own[Math.round(share * (own.length - 1))]));
    }
    expect(found[3]).toBeNull();
  });
});

describe("a chart", () => {
  const label = side("label", names(["cat", "dog"], 0, 0, 1, 1, 65535));
  const score = side("score", numbers(0.1, 0.2, 0.3, 0.9, 0.5));
  const given = { x: label, y: null, log: [], present: ones(5), kept: Uint8Array.of(1, 0, 1, 1, 1) } as const;

  it("counts the whole and what passes, and says what is not in it", () => {
    const model = modelOf({ ...given, kind: "bars" });
    expect([...model.fields.whole]).toEqual([2, 2]);
    expect([...model.fields.kept]).toEqual([1, 2]);
    expect([model.passing, model.placed, model.notes]).toEqual([3, 4, ["1 have no label"]]);
    expect(fieldText(model, 0)).toBe("label cat: 1 of 2 samples pass the filters");
    expect(summaryOf(model)).toBe("3 of 4 samples pass the filters. Most in label dog: 2 samples.");
  });

  it("filters and selects exactly what lies in its fields, and once more takes the filter away", () => {
    const model = modelOf({ ...given, kind: "histogram", x: score });
    const last = model.fields.nx - 1;
    const [filter] = filtersOf(model, last - 20, last);
    expect(filter).toEqual({ column: "score", range: [Math.fround(0.5), Math.fround(0.9)] });
    expect([...pointsIn(model, last - 20, last, given.kept)]).toEqual([3, 4]);
    expect(chosenFilters([filter], [filter])).toEqual([{ column: "score", filter: null }]);
    expect(filtersOf(model, 1, 1)).toEqual([]);
    const bars = modelOf({ ...given, kind: "bars" });
    const cat = filtersOf(bars, 0, 0);
    expect(cat).toEqual([{ column: "label", values: ["cat"] }]);
    expect(chosenFilters(cat, filtersOf(bars, 1, 1))[0].filter).toEqual({
      column: "label",
      values: ["cat", "dog"],
    });
    expect([isChosen(bars, 0, cat), isChosen(bars, 1, cat)]).toEqual([true, false]);
  });

  it("puts boxes by category whichever column comes first", () => {
    for (const [x, y] of [
      [label, score],
      [score, label],
    ]) {
      const { boxes, x: first, fields } = modelOf({ ...given, kind: "box", x, y });
      expect([first.name, fields.nx, fields.ny]).toEqual(["score", 2, 1]);
      expect(boxes?.whole.map((box) => box?.[4])).toEqual([Math.fround(0.2), Math.fround(0.9)]);
      expect(boxes?.kept[0]?.[2]).toBe(Math.fround(0.1));
    }
  });

  it("draws an even part of a million points, and counts all of them quickly", () => {
    const n = 1_000_000;
    const [x, y] = [7919, 104_729].map((by) =>
      side(`${by}`, {
        kind: "numeric",
        values: Float32Array.from({ length: n }, (_, i) => (i * by) % 99_991),
      }),
    );
    const model = modelOf({ kind: "scatter", x, y, log: [], present: ones(n), kept: ones(n) });
    expect(model.placed).toBe(n);
    expect(model.dots?.kept).toHaveLength(3000);
    expect(model.notes).toEqual(["3,000 of 1,000,000 points drawn, evenly chosen"]);
  });
});
