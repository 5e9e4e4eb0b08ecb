import { expect, it } from "vitest";
import { readReceipt, shortOf } from "./receipt";

it("reads what a training printed at its end", () => {
  const receipt = readReceipt({
    layers: [{ layer: "head", split: "val", snapshots: 9, snapshots_of: 10, n: 5, of: 8, dim: 3, bytes: 60 }],
    identity: { val: "index" },
    missing: { "the disk was full": 1 },
    lost: ["1 record: the disk was full"],
    percent: 1.5,
    notes: ["kept every second epoch", 7],
    command: "chroma ui x",
  });
  expect(receipt?.layers[0]).toMatchObject({ layer: "head", snapshots: 9, snapshots_of: 10, n: 5, of: 8 });
  expect(receipt?.lost).toEqual(["1 record: the disk was full"]);
  expect(readReceipt({ missing: { "the disk was full": 1 } })?.lost).toEqual(["1: the disk was full"]);
  expect(receipt?.notes).toEqual(["kept every second epoch"]);
  expect(receipt?.seconds).toBeNull();
});

it("takes what it cannot read for absent", () => {
  expect(readReceipt(null)).toBeNull();
  expect(readReceipt([1, 2])).toBeNull();
  expect(readReceipt({ layers: "many", missing: 3, errors: null })).toMatchObject({
    layers: [],
    lost: [],
    errors: [],
    command: null,
  });
});

it("never takes a part for all", () => {
  const receiptOf = (line: object) => {
    const receipt = readReceipt({ layers: [{ layer: "head", split: "val", ...line }] });
    return receipt && shortOf(receipt);
  };
  expect(receiptOf({ snapshots: 8, snapshots_of: 10, n: 60, of: 60 })).toEqual([
    "8 of 10 snapshots of head in val were kept.",
  ]);
  expect(receiptOf({ snapshots: 3, snapshots_of: 3, n: 10_000, of: 60_000 })).toEqual([
    "10,000 of 60,000 samples of val were captured.",
  ]);
  expect(receiptOf({ snapshots: 3, snapshots_of: 3, n: 60, of: 0 })).toEqual([]);
});
