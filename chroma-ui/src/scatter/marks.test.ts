import { describe, expect, it } from "vitest";
import { layered } from "./layered";
import { type Chosen, markPoints } from "./marks";
import { pointsAt } from "./pointsAt";
import { lookOf, MARKS } from "./rendererTypes";
import type { Scene } from "./types";

const NONE: Chosen = { selected: new Uint32Array(0), lit: null };
const scene = (change: Partial<Scene> = {}): Scene => ({
  points: pointsAt([[0, 0], [0, 0], [0, 0], [0, 0], null]),
  codes: new Uint16Array(5),
  palette: ["#ffffff", "#000000"],
  drawn: Uint32Array.of(0, 1, 2),
  groups: null,
  ...change,
});

function marked(of: Scene, chosen: Partial<Chosen> = {}) {
  const marks = new Uint8Array(5);
  const lift = markPoints(marks, of, { ...NONE, ...chosen });
  return { marks: [...marks], lift };
}

describe("marks", () => {
  it("hide what is not drawn, or leave it as ground where it is", () => {
    expect(marked(scene()).marks).toEqual([1, 1, 1, 0, 0]);
    expect(marked(scene({ ground: true })).marks).toEqual([1, 1, 1, 4, 0]);
  });

  it("lift what is rare, unless something is pointed out", () => {
    const rare = scene({ lifted: Uint8Array.of(0, 1, 0, 1, 0) });
    expect(marked(rare).marks).toEqual([1, 2, 1, 0, 0]);
    expect(marked(rare, { lit: Uint32Array.of(0, 3) }).marks).toEqual([2, 1, 1, 0, 0]);
    expect(marked(rare, { selected: Uint32Array.of(0, 3) }).marks).toEqual([3, 1, 1, 0, 0]);
    expect(marked(rare, { selected: Uint32Array.of(1), lit: Uint32Array.of(1, 2) }).marks).toEqual([
      1, 3, 2, 0, 0,
    ]);
  });

  it("enlarge few points more than many", () => {
    const many = Uint32Array.from({ length: 100 }, (_, i) => i);
    const cloud = scene({ points: pointsAt(Array.from(many, () => [0, 0])), drawn: many });
    const liftOf = (lit: Uint32Array) => markPoints(new Uint8Array(100), cloud, { ...NONE, lit });
    expect(liftOf(many.subarray(0, 1))).toBeGreaterThan(1.6);
    expect(liftOf(many.subarray(0, 10))).toBeCloseTo(1.35);
    expect(liftOf(many.subarray(0, 50))).toBe(1);
  });
});

it("draws layer by layer, and needs no list for a single one", () => {
  expect(layered(Uint8Array.of(1, 0, 1), 3)).toBeNull();
  expect(layered(Uint8Array.of(3, 1, 0, 2, 4, 1, 3), 6)).toEqual(Uint32Array.of(4, 1, 5, 3, 0));
});

it("dims plain points only while others are pointed out", () => {
  const options = { along: 1, camera: [0, 0, 1, 1] as const, size: 4, opacity: 0.8, lift: 1.5 };
  expect(lookOf(MARKS.plain, { ...options, selecting: false }).opacity).toBe(0.8);
  expect(lookOf(MARKS.plain, { ...options, selecting: true }).opacity).toBeLessThan(0.2);
  expect(lookOf(MARKS.lifted, { ...options, selecting: true })).toEqual({ size: 6, opacity: 1 });
  expect(lookOf(MARKS.ground, { ...options, selecting: false }).opacity).toBeLessThan(0.25);
});
