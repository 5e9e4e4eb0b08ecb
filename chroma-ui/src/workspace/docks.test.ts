import { describe, expect, it } from "vitest";
import {
  CHOSEN,
  openedWith,
  placedAt,
  readLayout,
  sideOf,
  sized,
  without,
  writeLayout,
} from "../state/layout";
import { docksOf, layoutOf, USUAL } from "./docks";

describe("a layout", () => {
  it("is written to the address and read again", () => {
    for (const text of ["~~", "legend~findings,sample@400~", "~legend~table,charts@280", "a@160~b~c-2"])
      expect(writeLayout(readLayout(text) ?? USUAL)).toBe(text);
    for (const text of [null, "", "a", "a~b", "a~a~", "a~B~", "a~b~c~d", "a@~b~", "a@1e3~~", "<b>~~"])
      expect(readLayout(text)).toBeNull();
  });

  it("has each panel once, wherever it is moved", () => {
    const moved = placedAt(placedAt(USUAL, "sample", "bottom"), "sample", "left");
    expect(sideOf(moved, "sample")).toBe("left");
    expect(writeLayout(moved).match(/sample/g)).toHaveLength(1);
    expect(sideOf(without(moved, "sample"), "sample")).toBeNull();
  });

  it("keeps sizes that can be used", () => {
    expect(sized(USUAL, "left", 3).sizes.left).toBe(160);
    expect(sized(USUAL, "left", 300.4).sizes.left).toBe(300);
    expect(sized(USUAL, "left", null).sizes.left).toBeNull();
  });
});

describe("the panel in front of each side", () => {
  const fronts = (layout: typeof USUAL, opened: string[], followed: "sample" | "run" = "run") => {
    const sides = docksOf(layoutOf(layout, opened), opened, followed);
    return [sides.left, sides.right, sides.bottom].map((dock) => dock?.front.name ?? null);
  };

  it("is what was chosen last, until a person opens another", () => {
    expect(fronts(USUAL, [])).toEqual(["legend", "run", null]);
    expect(fronts(USUAL, [], "sample")).toEqual(["legend", "sample", null]);
    expect(fronts(USUAL, ["confusion"], "sample")).toEqual(["legend", "confusion", null]);
    expect(fronts(USUAL, [CHOSEN, "confusion"], "sample")).toEqual(["legend", "sample", null]);
    expect(fronts(USUAL, ["labels:val"])).toEqual(["legend", "findings", null]);
  });

  it("is one for each side", () => {
    const moved = placedAt(placedAt(USUAL, "run", "bottom"), "confusion", "bottom");
    expect(fronts(moved, ["findings", "confusion"], "sample")).toEqual(["legend", "findings", "confusion"]);
    expect(fronts(moved, [CHOSEN, "confusion"], "sample")).toEqual(["legend", "sample", "confusion"]);
    expect(fronts(moved, ["findings"], "sample")[2]).toBe("run");
  });

  it("opens a closed panel that the address names, and skips those this version does not know", () => {
    expect(fronts(without(USUAL, "confusion"), ["confusion"])[1]).toBe("confusion");
    expect(fronts(placedAt(USUAL, "hologram", "bottom"), ["hologram"])[2]).toBeNull();
  });
});

it("remembers few opened panels, each once", () => {
  expect(openedWith(["a", "b"], "b")).toEqual(["b", "a"]);
  expect(openedWith([], CHOSEN)).toEqual([]);
  expect(openedWith(["a", CHOSEN], "a")).toEqual(["a"]);
  expect(["1", "2", "3", "4", "5", "6", "7", "8"].reduce(openedWith, [] as string[])).toHaveLength(6);
});
