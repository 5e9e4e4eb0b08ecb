import { describe, expect, it } from "vitest";
import { changeOf } from "./change";

const near = (...positions: number[]) => positions.map((position) => ({ sampleId: `${position}` }));

describe("changeOf", () => {
  it("tells who came and who went", () => {
    const { gained, lost } = changeOf(near(1, 2, 3), near(3, 4, 1));
    expect([...gained]).toEqual(["4"]);
    expect(lost).toEqual(near(2));
  });

  it("has nothing to tell of the first frame", () => {
    expect(changeOf(null, near(1, 2))).toEqual({ gained: new Set(), lost: [] });
  });
});
