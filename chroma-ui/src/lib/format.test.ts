import { expect, it } from "vitest";
import { bytes, percent } from "./format";

it("rounds no share to none or all", () => {
  expect([0, 0.00001, 0.004, 0.0051, 0.249, 0.9949, 0.9951, 0.99999, 1].map(percent)).toEqual([
    "0%",
    "0.1%",
    "0.4%",
    "1%",
    "25%",
    "99%",
    "99.5%",
    "99.9%",
    "100%",
  ]);
});

it("gives a size in the unit that fits once it is rounded", () => {
  expect([0, 999, 1000, 999_949, 999_960, 999_949_999, 999_960_000, 2.5e9].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "999.9 kB",
    "1.0 MB",
    "999.9 MB",
    "1.00 GB",
    "2.50 GB",
  ]);
});
