import { expect, it } from "vitest";
import { useView } from "../state/view";
import { commandsFor, commandsForRun, fitting } from "./commands";

it("finds entries that hold every word, in any order and case", () => {
  const names = ["Colour by Label", "Colour by Margin", "Fit the film"];
  expect(fitting(names, " LABEL colour", (name) => name)).toEqual(["Colour by Label"]);
  expect(fitting(names, "", (name) => name)).toHaveLength(3);
  expect(fitting(names, "colour film", (name) => name)).toEqual([]);
});

it("offers what the film's columns allow", () => {
  const column = (name: string) => ({
    name,
    title: `${name[0].toUpperCase()}${name.slice(1)}`,
    group: "",
    kind: "CATEGORICAL" as const,
    perFrame: true,
    drawn: false,
    legend: ["a"],
    note: null,
  });
  const names = (columns: string[]) =>
    commandsFor(null, columns.map(column), () => {}).map(({ name }) => name);
  expect(names(["position", "label"])).toContain("Colour by Label");
  expect(names(["position", "label"])).not.toContain("Show errors only");
  commandsFor(null, [column("correct")], () => {})
    .find(({ name }) => name === "Show errors only")
    ?.act();
  expect(useView.getState().filters).toEqual([{ column: "correct", values: ["wrong"] }]);
});

it("compares with runs of the project, and reviews labels of each split", () => {
  const run = {
    ...{ id: "a", name: "first", project: "p" },
    splits: [{ name: "train" }, { name: "val" }],
    snapshots: [{ split: "val" }],
  };
  const runs = [run, { id: "b", name: "second", project: "p" }, { id: "c", name: "third", project: "q" }];
  const commands = commandsForRun(run, runs);
  expect(commands.map(({ name }) => name)).toEqual([
    "Compare with second",
    "Review labels in doubt of train",
    "Review labels in doubt of val",
  ]);
  commands[1].act();
  // there is no film of train
  expect(useView.getState()).toMatchObject({ split: null, opened: expect.arrayContaining(["labels:train"]) });
  commands[2].act();
  expect(useView.getState()).toMatchObject({ split: "val", opened: expect.arrayContaining(["labels:val"]) });
  commands[0].act();
  expect(useView.getState().panes.map((pane) => pane.run)).toEqual(["a", "b"]);
  expect(useView.getState().opened).toContain("outcomes");
});
