import { expect, it } from "vitest";
import { learnedOf } from "./learned";

const moments = (predictions: string) =>
  [...predictions].map((prediction, epoch) => ({
    epoch: epoch as number | null,
    step: 10 * epoch,
    prediction: prediction === "-" ? null : prediction,
  }));

it.each([
  ["1133", "Right since epoch 2"],
  ["1313", "Right for good since epoch 3"],
  ["3333", "Right at every epoch"],
  ["1131", "Wrong again since epoch 3"],
  ["1121", "Never right"],
  ["1-33", "Right since epoch 2"],
  ["--33", "Right at every epoch"],
])("says of the predictions %s of a 3: %s", (predictions, sentence) => {
  expect(learnedOf(moments(predictions), "3")).toBe(sentence);
});

it("says nothing where the label, or all predictions but one, are not known", () => {
  expect(learnedOf(moments("3333"), null)).toBeNull();
  expect(learnedOf(moments("--3-"), "3")).toBeNull();
});

it("names steps where there are no epochs", () => {
  const steps = moments("13").map((moment) => ({ ...moment, epoch: null }));
  expect(learnedOf(steps, "3")).toBe("Right since step 10");
});
