import { expect, it } from "vitest";
import { type HomeState, troublesOf } from "./troubles";

const WELL: HomeState = {
  ingest: { taken: 3, of: 3, caughtUp: true },
  down: [],
  damage: [],
  readOnly: null,
  publicUrl: null,
  lowDisks: [],
};

it("is silent about a home that is well", () => {
  expect(troublesOf(WELL)).toEqual([]);
});

it("says what is wrong, and what helps", () => {
  const found = troublesOf({
    ...WELL,
    readOnly: "the disk is full",
    lowDisks: ["the disk of the home has 1.0 GB left of 100.0 GB"],
    down: [{ part: "worker", reason: "films are drawn again once this is over: killed" }],
    damage: [
      { runId: "a", kind: "set aside", count: 1, reason: "it is cut", wayOut: "remove the file" },
      { runId: "b", kind: "damaged", count: 1200, reason: "it is missing", wayOut: "put it back" },
    ],
  });
  expect(found.map(({ run, title }) => [run, title])).toEqual([
    [null, "The home is read-only"],
    [null, "A disk is nearly full"],
    [null, "Films are not drawn"],
    ["a", "1 file set aside"],
    ["b", "1,200 files damaged"],
  ]);
  expect(found[3]).toMatchObject({ reason: "it is cut", wayOut: "remove the file" });
});
