import { expect, it } from "vitest";
import { coveredBy } from "./covered";

const canvas = { left: 240, right: 724, top: 52, bottom: 552 };

it("is a column of tools, and a foot of as many rows as it has", () => {
  const tools = { left: 254, right: 294, top: 66, bottom: 308 };
  const one = coveredBy(canvas, tools, { left: 254, right: 600, top: 505, bottom: 538 });
  expect(one).toEqual({ left: 54, top: 8, bottom: 47 });
  expect(coveredBy(canvas, tools, { left: 254, right: 710, top: 481, bottom: 538 }).bottom).toBe(71);
  expect(coveredBy(canvas, undefined, undefined)).toEqual({ left: 48, top: 8, bottom: 44 });
});

it("is a row of tools over a low canvas", () => {
  const covered = coveredBy(canvas, { left: 254, right: 500, top: 66, bottom: 106 }, undefined);
  expect(covered).toEqual({ left: 0, top: 54, bottom: 44 });
});
