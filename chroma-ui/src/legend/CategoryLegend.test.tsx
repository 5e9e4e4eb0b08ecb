import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { LegendEntry } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { DEFAULT_VIEW } from "../state/url";
import { useView } from "../state/view";
import { CategoryLegend } from "./CategoryLegend";

const shownWith = (note: string | null) =>
  ({ colourName: "label", film: { columns: [{ name: "label", note }] } }) as ShownFrame;
const shown = shownWith(null);
const NASTY = `"><img src=x onerror="alert(1)">`;
const entry = (code: number, name: string, count: number, right: number | null): LegendEntry => ({
  code,
  name,
  colour: "#7c8cff",
  count,
  right,
  hidden: useView.getState().hidden.includes(name),
});
const legend = () => [entry(0, "cat", 10, 0.5), entry(1, NASTY, 2000, 1), entry(2, "owl", 0, null)];
const names = () => screen.getAllByTestId("legend-item").map((item) => item.dataset.name);

beforeEach(() => useView.getState().show(DEFAULT_VIEW));
afterEach(cleanup);

it("shows names as text, with counts and accuracies", () => {
  const { container } = render(<CategoryLegend shown={shown} legend={legend()} />);
  expect(container.querySelector("img")).toBeNull();
  const [cat, nasty, owl] = screen.getAllByTestId("legend-item");
  expect(within(cat).getByText("50%")).toBeTruthy();
  expect(nasty.textContent).toContain(NASTY);
  expect(within(nasty).getByText("2,000")).toBeTruthy();
  expect(owl.textContent).toBe("owl0");
});

it("sorts by class, size and accuracy", () => {
  render(<CategoryLegend shown={shown} legend={legend()} />);
  fireEvent.click(screen.getByText("sort: class"));
  expect(names()).toEqual([NASTY, "cat", "owl"]);
  fireEvent.click(screen.getByText("sort: size"));
  expect(names()).toEqual(["cat", NASTY, "owl"]);
});

it("hides at a click, isolates at a double click and shows all again", () => {
  const { rerender } = render(<CategoryLegend shown={shown} legend={legend()} />);
  const click = (name: string, detail: number) => {
    const item = screen.getAllByTestId("legend-item").find((found) => found.dataset.name === name);
    if (!item) throw new Error(`no legend item ${name}`);
    fireEvent.click(item, { detail });
    if (detail === 2) fireEvent.doubleClick(item);
    rerender(<CategoryLegend shown={shown} legend={legend()} />);
  };
  click("cat", 1);
  expect(useView.getState().hidden).toEqual(["cat"]);
  click("cat", 1);
  click("owl", 1);
  click("owl", 2);
  expect(useView.getState().hidden).toEqual(["cat", NASTY]);
  fireEvent.click(screen.getByText("show all"));
  expect(useView.getState().hidden).toEqual([]);
});

it("says why values of the column are not known", () => {
  render(<CategoryLegend shown={shownWith("give class_names=")} legend={legend()} />);
  expect(screen.getByTestId("column-note").textContent).toBe("give class_names=");
});
