import { expect, it } from "vitest";
import { placedNames } from "./names";

const asIs = { toX: (x: number) => x, toY: (y: number) => y };
const free = { left: 60, right: 500 };
const widthOf = (text: string, size: number) => (text.length * size) / 2;
const label = (text: string, x: number, y: number, size = 10) => ({ text, x, y, size });

it("leaves out names that would cover one of a larger group", () => {
  const { names } = placedNames([label("few", 200, 50, 3), label("many", 204, 55, 9)], asIs, free, widthOf);
  expect(names.map(({ text }) => text)).toEqual(["many"]);
});

it("keeps apart long names that begin alike, and away from the edges", () => {
  const long = "greater short-horned lizard of the high plains, number ";
  const { names } = placedNames([label(`${long}1`, 20, 50), label(`${long}2`, 490, 90)], asIs, free, widthOf);
  expect(new Set(names.map(({ text }) => text)).size).toBe(2);
  expect(names[0].x - widthOf(names[0].text, 16) / 2).toBeGreaterThanOrEqual(60);
  expect(names[1].x + widthOf(names[1].text, 16) / 2).toBeLessThanOrEqual(500);
});

it("lets a name leave with its group, and writes many smaller", () => {
  const many = Array.from({ length: 30 }, (_, i) => label(`class ${i}`, i === 0 ? -90 : 200, 40 * i));
  const { size, names } = placedNames(many, asIs, free, widthOf);
  expect(size).toBe(13);
  expect(names[0].x).toBe(-90);
});
