import { describe, expect, it } from "vitest";
import { rarePoints } from "./rare";

const N = 200;
const ALL = Uint32Array.from({ length: N }, (_, i) => i);
const of = (is: (i: number) => boolean) => Uint8Array.from(ALL, (i) => (is(i) ? 1 : 0));
const categories = (code: (i: number) => number, legend: string[]) => ({
  kind: "categorical" as const,
  codes: Uint16Array.from(ALL, code),
  legend,
});
const NONE = { n: N, drawn: ALL, colour: null, wrong: null, tags: [] };
const lifted = (what: Partial<Parameters<typeof rarePoints>[0]>) => {
  const found = rarePoints({ ...NONE, ...what });
  return found ? [...ALL].filter((i) => found[i]) : null;
};

describe("what is rare", () => {
  it("is wrong, tagged, or in a small category", () => {
    expect(
      lifted({ wrong: of((i) => i === 7), tags: [categories((i) => (i === 9 ? 1 : 0), ["no", "yes"])] }),
    ).toEqual([7, 9]);
    expect(lifted({ colour: categories((i) => (i < 5 ? 0 : 1 + (i % 2)), ["a", "b", "c"]) })).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  it("is nothing that many points are", () => {
    expect(lifted({ wrong: of((i) => i < 30) })).toBeNull();
    expect(
      lifted({ colour: categories((i) => i % 100, Array.from(ALL.subarray(0, 100), String)) }),
    ).toBeNull();
    expect(lifted({ drawn: ALL.subarray(0, 20), wrong: of((i) => i === 7 || i === 150) })).toEqual([7]);
  });

  it("are the extremes of a number, unless many share them", () => {
    const values = Float32Array.from(ALL, (i) =>
      i === 3 ? -50 : i === 4 ? 50 : i === 5 ? Number.NaN : i % 10,
    );
    expect(lifted({ colour: { kind: "numeric", values } })).toEqual([3, 4]);
    const sure = Float32Array.from(ALL, (i) => (i < 30 ? 0 : 1));
    expect(lifted({ colour: { kind: "numeric", values: sure } })).toBeNull();
  });
});
