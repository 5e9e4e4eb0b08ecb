import { describe, expect, it } from "vitest";
import { type Chart, MOST_CHARTS, readCharts, writeCharts } from "./charts";

const LABEL: Chart = { x: "label", y: null, kind: null, log: [] };

describe("charts in the address", () => {
  it("come back as they were", () => {
    const charts: Chart[] = [
      LABEL,
      { x: "confidence", y: "label", kind: "box", log: ["x", "y"] },
      { x: "meta:a b&c", y: null, kind: null, log: ["x"] },
    ];
    expect(readCharts(writeCharts(charts))).toEqual(charts);
    expect(writeCharts([LABEL])).toBe('[["label"]]');
    expect(readCharts(writeCharts([]))).toEqual([]);
  });

  it("are left out where they cannot be read, each for itself", () => {
    expect(readCharts(null)).toBeNull();
    expect(readCharts("{")).toBeNull();
    expect(readCharts('{"x":1}')).toBeNull();
    expect(readCharts('[["label"],[1],[],["label","","pie","z"]]')).toEqual([LABEL, LABEL]);
    expect(readCharts(writeCharts(new Array(40).fill(LABEL)))).toHaveLength(MOST_CHARTS);
  });
});
