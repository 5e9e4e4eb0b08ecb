import { describe, expect, it } from "vitest";
import type { ColumnValues } from "../api/bytes";
import { passingOthers, readFilter, sift, toggled, withFilter, writeFilter } from "./filters";

const columns = new Map<string, ColumnValues>([
  ["label", { kind: "categorical", codes: Uint16Array.from([0, 0, 1, 1, 65535]), legend: ["cat", "dog"] }],
  ["confidence", { kind: "numeric", values: Float32Array.from([0.1, 0.9, 0.2, 0.8, Number.NaN]) }],
]);

describe("sift", () => {
  it("keeps what passes every filter", () => {
    const { fails } = sift(5, columns, [
      { column: "label", values: ["cat"] },
      { column: "confidence", range: [0.5, 1] },
    ]);
    expect([...fails]).toEqual([1, 0, 2, 1, 2]);
  });

  it("keeps points without a value only where they are asked for", () => {
    expect([...sift(5, columns, [{ column: "label", values: ["not known", "dog"] }]).fails]).toEqual([
      1, 1, 0, 0, 0,
    ]);
    expect(sift(5, columns, [{ column: "confidence", range: [0, 1] }]).fails[4]).toBe(1);
  });

  it("lets everything pass where the column is not there, or is of another kind", () => {
    const { fails } = sift(5, columns, [
      { column: "gone", values: ["x"] },
      { column: "label", range: [0, 1] },
    ]);
    expect([...fails]).toEqual([0, 0, 0, 0, 0]);
  });

  it("leaves a column its own choices", () => {
    const sifted = sift(5, columns, [
      { column: "label", values: ["cat"] },
      { column: "confidence", range: [0.5, 1] },
    ]);
    expect([...passingOthers(sifted, "label")]).toEqual([0, 1, 0, 1, 0]);
    expect([...passingOthers(sifted, "confidence")]).toEqual([1, 1, 0, 0, 0]);
    expect([...passingOthers(sifted, "split")]).toEqual([0, 1, 0, 0, 0]);
  });
});

describe("filters", () => {
  it("are written to the address and read again, whatever the names are", () => {
    for (const filter of [
      { column: 'tag:"a,b"~&', values: ["tagged", "<img>", "ä"] },
      { column: "margin", range: [-1.5, 2] as [number, number] },
    ]) {
      expect(readFilter(writeFilter(filter))).toEqual(filter);
    }
    for (const text of ["", "[", "[1,2]", '["a"]', '["a",[2,1]]', '["a",["x","y"]]', '{"a":1}']) {
      expect(readFilter(text)).toBeNull();
    }
  });

  it("gain and lose values", () => {
    const one = toggled(undefined, "label", "cat");
    expect(one).toEqual({ column: "label", values: ["cat"] });
    expect(toggled(one ?? undefined, "label", "cat")).toBeNull();
    expect(withFilter([{ column: "label", values: ["cat"] }], "label", null)).toEqual([]);
  });
});
