import { expect, it } from "vitest";
import { groupsAmong } from "./clusters";
import { withMass } from "./mass";

const N = 600;
const ALL = Uint32Array.from({ length: N }, (_, i) => i);
const noise = (i: number) => (Math.sin(i * 12.9898) * 43758.5453) % 1;

function massive(code: (i: number) => number, place: (i: number) => [number, number], drawn = ALL) {
  const codes = Uint16Array.from(ALL, code);
  const groups = groupsAmong(codes, drawn, 4);
  const places = Array.from(ALL, place);
  return withMass(
    groups,
    codes,
    drawn,
    (i) => places[i][0],
    (i) => places[i][1],
  ).map((group) => group.code);
}
const apart = (i: number): [number, number] => [(i % 3) + 0.2 * noise(i), 0.2 * noise(i + 1000)];

it("names groups that lie together, and none of a mixture", () => {
  expect(massive((i) => i % 3, apart)).toEqual([0, 1, 2]);
  expect(
    massive(
      (i) => i % 2,
      (i) => [noise(i), noise(i + 1000)],
    ),
  ).toEqual([]);
  // One of three is scattered among the others.
  expect(massive((i) => (i % 7 === 0 ? 3 : i % 3), apart)).toEqual([0, 1, 2]);
});

it("names no few points, and a single group", () => {
  expect(massive((i) => i % 3, apart, ALL.subarray(0, 29))).toEqual([]);
  expect(
    massive(
      () => 0,
      (i) => [noise(i), noise(i + 1000)],
    ),
  ).toEqual([0]);
});
