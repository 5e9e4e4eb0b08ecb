import { expect, it } from "vitest";
import { TALLEST, topFor, windowAt } from "./window";

it.each([
  [100, 30, 300],
  [1_000_000, 40, 217],
  [3, 30, 300],
])("every one of %i rows can be scrolled to", (rows, rise, room) => {
  for (const row of [0, 1, Math.floor(rows / 3), rows - 2, rows - 1]) {
    const top = topFor(row, rows, rise, 0, room);
    const { first, last, shift, height } = windowAt(rows, rise, top, room);
    expect(height).toBeLessThanOrEqual(TALLEST);
    expect(first).toBeLessThanOrEqual(row);
    expect(last).toBeGreaterThan(row);
    // It is between the edges of what is scrolled, to a fraction of a pixel.
    const place = row * rise + shift - Math.min(top, Math.max(0, height - room));
    expect(place).toBeGreaterThanOrEqual(-1);
    expect(place + rise).toBeLessThanOrEqual(Math.max(room, rows * rise) + 1);
    expect(topFor(row, rows, rise, top, room)).toBeCloseTo(top, 3);
  }
});

it("renders few rows, wherever it is", () => {
  for (let top = 0; top < TALLEST; top += 777_777) {
    const { first, last } = windowAt(1_000_000, 32, top, 300);
    expect(last - first).toBeLessThan(20);
  }
});
