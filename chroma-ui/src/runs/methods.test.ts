import { expect, it } from "vitest";
import { methodsFor, offeredFor, pickMethod } from "./methods";
import type { RunDetail } from "./run";

const taken = (status: string) =>
  ({ layer: "fc1", split: "val", status }) as unknown as RunDetail["snapshots"][number];
const rest = { install: null, parameters: [], spatial: false, spatialMost: null };
const methods = [
  { ...rest, name: "pca", title: "PCA", description: "At once", installed: true },
  { ...rest, name: "umap", title: "UMAP", description: "Neighbourhoods", installed: true },
  { ...rest, name: "logged", title: "Logged", description: "As they are", installed: true },
  { ...rest, name: "tsne", title: "t-SNE", description: "Elsewhere", installed: false },
];
const splits = [{ name: "val" }, { name: "train" }] as RunDetail["splits"];
const all = { methods, splits, jointSplits: ["train+val"] };
const coordinates = [{ layer: "fc1", split: "val", steps: [0] }];

const names = (run: Pick<RunDetail, "snapshots" | "coordinates">) =>
  methodsFor({ ...run, ...all }, "fc1", "val").map(({ name }) => name);

it("offers what there is to draw", () => {
  expect(names({ snapshots: [taken("COMPLETE")], coordinates: [] })).toEqual(["PCA", "UMAP"]);
  expect(names({ snapshots: [taken("COMPLETE")], coordinates })).toEqual(["PCA", "UMAP", "Logged"]);
  expect(names({ snapshots: [taken("OPEN")], coordinates })).toEqual(["Logged"]);
  expect(names({ snapshots: [], coordinates: [{ ...coordinates[0], split: "train" }] })).toEqual([]);
});

it("takes the method asked for, or the nearest to it that can draw", () => {
  const both = { snapshots: [taken("PARTIAL")], coordinates, ...all };
  expect(pickMethod(both, "fc1", "val", "logged")).toBe("logged");
  expect(pickMethod(both, "fc1", "val", "unknown")).toBe("umap");
  expect(pickMethod({ ...both, coordinates: [] }, "fc1", "val", "logged")).toBe("umap");
  expect(pickMethod({ ...both, snapshots: [] }, "fc1", "val", "umap")).toBe("logged");
  expect(pickMethod({ snapshots: [], coordinates: [], ...all }, "fc1", "val", "umap")).toBeNull();
});

it("draws several splits together where each of them was captured, and names what could be installed", () => {
  const both = { snapshots: [taken("COMPLETE")], coordinates, ...all };
  expect(pickMethod(both, "fc1", "train+val", "umap")).toBeNull();
  const train = { ...taken("COMPLETE"), split: "train" };
  const whole = { ...both, snapshots: [...both.snapshots, train] };
  expect(offeredFor(whole, "fc1", "train+val").map(({ name }) => name)).toEqual(["pca", "umap", "tsne"]);
});
