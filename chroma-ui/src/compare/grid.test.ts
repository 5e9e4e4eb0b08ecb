import { expect, it } from "vitest";
import { columnsFor } from "./grid";

it("panes stand where they are largest", () => {
  expect(columnsFor(2, { width: 900, height: 700 })).toBe(2);
  expect(columnsFor(2, { width: 480, height: 600 })).toBe(1);
  expect(columnsFor(4, { width: 900, height: 700 })).toBe(2);
  expect(columnsFor(6, { width: 900, height: 500 })).toBe(3);
  expect(columnsFor(1, { width: 0, height: 0 })).toBe(1);
});
