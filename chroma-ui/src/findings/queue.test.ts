import { expect, it } from "vitest";
import { classKey, type Doubt, decidedOf, nextOpen, withDecision, wordsOf } from "./queue";

const row = (sampleId: string, decision: Doubt["decision"] = null, label: string | null = null) =>
  ({ sampleId, decision, label }) as Doubt;

it("goes to the next row that nobody decided on, else to the next one", () => {
  const rows = [row("a"), row("b", "CONFIRM"), row("c"), row("d", "SKIP")];
  expect([-1, 0, 1, 2, 3].map((at) => nextOpen(rows, at))).toEqual([0, 2, 2, 3, null]);
});

it("writes a decision on one row, and takes it away", () => {
  const made = withDecision([row("a"), row("b")], "b", { decision: "RELABEL", label: "cat" });
  expect(made.map(wordsOf)).toEqual([null, "relabelled cat"]);
  expect(withDecision(made, "b", null)).toEqual([row("a"), row("b")]);
  expect([row("a", "CONFIRM"), row("b", "SKIP")].map(wordsOf)).toEqual(["confirmed", "skipped"]);
});

it("counts what was decided, and gives the first ten classes a digit", () => {
  expect(decidedOf({ split: "train", of: 99, doubts: 20, confirmed: 3, relabelled: 4, skipped: 5 })).toBe(12);
  expect([0, 9, 10].map(classKey)).toEqual(["0", "9", null]);
});
