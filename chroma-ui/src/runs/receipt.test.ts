import { expect, it } from "vitest";
import { readReceipt } from "./receipt";

it("reads what a training printed at its end", () => {
  const receipt = readReceipt({
    layers: [{ layer: "head", split: "val", snapshots: 9, snapshots_of: 10, n: 5, of: 8, dim: 3, bytes: 60 }],
    identity: { val: "index" },
    missing: { "the disk was full": 1 },
    percent: 1.5,
    notes: ["kept every second epoch", 7],
    command: "chroma ui x",
  });
  expect(receipt?.layers[0]).toMatchObject({ layer: "head", snapshots: 9, snapshots_of: 10, n: 5, of: 8 });
  expect(receipt?.missing).toEqual({ "the disk was full": 1 });
  expect(receipt?.notes).toEqual(["kept every second epoch"]);
  expect(receipt?.seconds).toBeNull();
});

it("takes what it cannot read for absent", () => {
  expect(readReceipt(null)).toBeNull();
  expect(readReceipt([1, 2])).toBeNull();
  expect(readReceipt({ layers: "many", missing: 3, errors: null })).toMatchObject({
    layers: [],
    missing: {},
    errors: [],
    command: null,
  });
});
