import { expect, it } from "vitest";
import { methodsFor, pickMethod } from "./methods";
import type { RunDetail } from "./run";

const taken = (status: string) =>
  ({ layer: "fc1", split: "val", status }) as unknown as RunDetail["snapshots"][number];
const methods = [
  { name: "pca", title: "PCA", description: "At once", installed: true },
  { name: "umap", title: "UMAP", description: "Neighbourhoods", installed: true },
  { name: "logged", title: "Logged", description: "As they are", installed: true },
  { name: "tsne", title: "t-SNE", description: "Elsewhere", installed: false },
];
const coordinates = [{ layer: "fc1", split: "val", steps: [0] }];

const names = (run: Pick<RunDetail, "snapshots" | "coordinates">) =>
  methodsFor({ ...run, methods }, "fc1", "val").map(({ name }) => name);

it("offers what there is to draw", () => {
  expect(names({ snapshots: [taken("COMPLETE")], coordinates: [] })).toEqual(["PCA", "UMAP"]);
  expect(names({ snapshots: [taken("COMPLETE")], coordinates })).toEqual(["PCA", "UMAP", "Logged"]);
  expect(names({ snapshots: [taken("OPEN")], coordinates })).toEqual(["Logged"]);
  expect(names({ snapshots: [], coordinates: [{ ...coordinates[0], split: "train" }] })).toEqual([]);
});

it("takes the method asked for, or the nearest to it that can draw", () => {
  const both = { snapshots: [taken("PARTIAL")], coordinates, methods };
  expect(pickMethod(both, "fc1", "val", "logged")).toBe("logged");
  expect(pickMethod(both, "fc1", "val", "unknown")).toBe("umap");
  expect(pickMethod({ ...both, coordinates: [] }, "fc1", "val", "logged")).toBe("umap");
  expect(pickMethod({ ...both, snapshots: [] }, "fc1", "val", "umap")).toBe("logged");
  expect(pickMethod({ snapshots: [], coordinates: [], methods }, "fc1", "val", "umap")).toBeNull();
});
