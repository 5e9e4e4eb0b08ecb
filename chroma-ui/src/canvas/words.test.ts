import { expect, it } from "vitest";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { canvasWords } from "./words";

const label = { kind: "categorical" as const, codes: Uint16Array.of(0, 1), legend: ["ant", "bee"] };
const shown = {
  film: { splits: ["val"] },
  frame: { epoch: 3, step: 30 },
  points: { n: 1200 },
  keys: null,
  label,
  prediction: { ...label, codes: Uint16Array.of(0, 0) },
} as unknown as ShownFrame;
const picture = { scene: { drawn: new Uint32Array(1100) }, title: "Label" } as unknown as Picture;

it("says how many of how many, what is selected, and the sample in focus", () => {
  expect(canvasWords(shown, picture, new Uint32Array(0), null)).toBe(
    "1,100 of 1,200 points, epoch 3, step 30, coloured by Label.",
  );
  expect(canvasWords(shown, picture, Uint32Array.of(0, 1), 1)).toBe(
    "1,100 of 1,200 points, epoch 3, step 30, coloured by Label; 2 selected; in focus position 1 of val, label bee, predicted ant.",
  );
});
