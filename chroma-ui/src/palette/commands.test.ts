import { expect, it } from "vitest";
import { useView } from "../state/view";
import { commandsFor, fitting } from "./commands";

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
