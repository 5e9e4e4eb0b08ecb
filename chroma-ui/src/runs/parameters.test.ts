import { expect, it } from "vitest";
import { readParameters, writeParameters } from "../state/parameters";
import type { Offered } from "./methods";
import { problemOf, valuesOf } from "./parameters";

const about = { title: "", description: "" };
const neighbors = { ...about, name: "n_neighbors", low: 2, high: 200, default: 15, whole: true };
const distance = { ...about, name: "min_dist", low: 0, high: 0.99, default: 0.1, whole: false };
const umap = { parameters: [neighbors, distance] } as unknown as Offered;

it("takes only numbers in the range of a parameter", () => {
  expect(problemOf(neighbors, "30")).toBeNull();
  expect(problemOf(distance, "0.25")).toBeNull();
  for (const text of ["1", "201", "15.5", "", "many"])
    expect(problemOf(neighbors, text)).toBe("Give a whole number from 2 to 200");
});

it("keeps what differs from the defaults", () => {
  expect(valuesOf(umap, { n_neighbors: "15", min_dist: "0.1" })).toEqual([]);
  expect(valuesOf(umap, { n_neighbors: "30", min_dist: "0.10" })).toEqual([
    { name: "n_neighbors", value: 30 },
  ]);
  expect(valuesOf(umap, { n_neighbors: "30", min_dist: "2" })).toBeNull();
});

it("stands in the address, and reads only what it can", () => {
  const chosen = [
    { name: "n_neighbors", value: 30 },
    { name: "min_dist", value: 1e-7 },
  ];
  expect(readParameters(writeParameters(chosen))).toEqual(chosen);
  expect(readParameters("first:2,x y:3,second:many,:4")).toEqual([{ name: "first", value: 2 }]);
  expect(readParameters(null)).toEqual([]);
});
