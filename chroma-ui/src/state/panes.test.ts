import { expect, it } from "vitest";
import { readPane, writePane } from "./panes";

it("panes are written to the address and read again", () => {
  for (const pane of [
    { run: "a b", layer: null, step: null, camera: null, split: null },
    { run: "a", layer: 'enc"1,2', step: null, camera: null, split: null },
    { run: "a", layer: null, step: 0, camera: null, split: null },
    { run: "ü&", layer: "head:input", step: 150, camera: { x: 0.5, y: -1, zoom: 3 }, split: "train" },
  ]) {
    expect(readPane(writePane(pane))).toEqual(pane);
  }
});

it("what is not a pane is left out", () => {
  for (const text of ["", "x", "{}", "[]", "[1]", '[""]', '["a",1]', '["a","b",-1]', '["a","b",1.5]']) {
    expect(readPane(text)).toBeNull();
  }
});
