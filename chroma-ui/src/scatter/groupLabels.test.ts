import { expect, it } from "vitest";
import { MOST_CONTOURED } from "./clusters";
import { createGroupLabels } from "./groupLabels";
import { pointsAt } from "./pointsAt";
import type { Scene } from "./types";

/** Groups beside each other, each of one point more than the one before. */
function scene(groups: number): Scene {
  const codes = Uint16Array.from(
    Array.from({ length: groups }, (_, code) => Array<number>(60 + code).fill(code)).flat(),
  );
  const across = Math.ceil(Math.sqrt(groups));
  const at = (i: number): [number, number] => [
    (2 * (codes[i] % across)) / across - 0.9 + 0.02 * Math.sin(i),
    (2 * Math.floor(codes[i] / across)) / across - 0.9 + 0.02 * Math.cos(i * 2.4),
  ];
  const names = Array.from({ length: groups }, (_, code) => `class ${code}`);
  return {
    points: pointsAt(Array.from(codes, (_, i) => at(i))),
    codes,
    palette: [],
    drawn: Uint32Array.from(codes, (_, i) => i),
    groups: { codes, names, colours: names },
  };
}

it("draws contours of the largest of many groups, and says of how many", () => {
  for (const groups of [12, 57]) {
    const labels = createGroupLabels();
    const shown = scene(groups);
    const moment = { from: shown.points, to: shown.points, along: 1 };
    const drawn = new Set(labels.contours(shown, moment, true).map(({ code }) => code));
    expect(drawn.size).toBe(Math.min(groups, MOST_CONTOURED));
    expect([...drawn]).toContain(groups - 1);
    expect(labels.contoured(shown, moment)).toEqual({ groups: drawn.size, of: groups });
  }
});
