import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { placedAt, readLayout } from "./layout";
import { useNotices } from "./notices";
import { recordSteps } from "./recordSteps";
import { useSelection } from "./selection";
import { record, redo, undo, useSteps } from "./steps";
import { DEFAULT_VIEW } from "./url";
import { useView } from "./view";

const USUAL = readLayout("legend~run~") ?? expect.fail("it is a layout");
let stop: () => void;
let now = 0;
beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => now);
  useView.getState().show({ ...DEFAULT_VIEW, run: "r" });
  useSelection.getState().restore(new Uint32Array(0));
  stop = recordSteps();
});
afterEach(() => {
  stop();
  vi.restoreAllMocks();
});
const whats = () => useSteps.getState().done.map(({ what }) => what);
const later = () => {
  now += 10_000;
};

it("undoes filters, selections and layout in turn, and does them again", async () => {
  const filter = { column: "label", values: ["cat"] };
  useView.getState().setFilter("label", filter);
  later();
  useSelection.getState().select(Uint32Array.from([1, 2]));
  later();
  useView.getState().setLayout(placedAt(USUAL, "run", "left"));
  later();
  expect(whats()).toEqual(["the filter on label", "the selection of 2 samples", "the layout"]);
  await undo();
  expect(useView.getState().layout).toBeNull();
  await undo();
  expect(useSelection.getState().samples).toHaveLength(0);
  expect(useView.getState().filters).toEqual([filter]);
  await undo();
  expect(useView.getState().filters).toEqual([]);
  expect(await undo()).toBe(false);
  await redo();
  await redo();
  expect(useView.getState().filters).toEqual([filter]);
  expect([...useSelection.getState().samples]).toEqual([1, 2]);
  useView.getState().clearFilters();
  expect(await redo()).toBe(false);
});

it("takes a dragged range for one step", async () => {
  for (let end = 1; end < 9; end++) {
    now += 100;
    useView.getState().setFilter("confidence", { column: "confidence", range: [0, end] });
  }
  expect(whats()).toEqual(["the filter on confidence"]);
  await undo();
  expect(useView.getState().filters).toEqual([]);
  await redo();
  expect(useView.getState().filters).toEqual([{ column: "confidence", range: [0, 8] }]);
});

it("says what clearing a selection took, with a way back", async () => {
  useSelection.getState().select(Uint32Array.from([4, 5, 6]));
  later();
  useSelection.getState().clear();
  const notice = useNotices.getState().notices.find(({ text }) => text.includes("Cleared")) ?? null;
  expect(notice?.text).toBe("Cleared the selection of 3 samples.");
  notice?.action?.run();
  await vi.waitFor(() => expect([...useSelection.getState().samples]).toEqual([4, 5, 6]));
});

it("forgets what belongs to another run, and what a link opened is no step", () => {
  useView.getState().setFilter("label", { column: "label", values: ["cat"] });
  useView.getState().show({ ...DEFAULT_VIEW, run: "r", filters: [{ column: "a", values: ["b"] }] });
  expect(whats()).toEqual([]);
  useView.getState().setFilter("label", null);
  useView.getState().setFilter("label", { column: "label", values: ["cat"] });
  expect(whats()).toHaveLength(1);
  useView.getState().openRun("s");
  expect(whats()).toEqual([]);
});

it("says why an undo failed", async () => {
  record({ what: "the tag", undo: () => Promise.reject(new Error("the server is away")), redo: () => {} });
  expect(await undo()).toBe(false);
  const { notices } = useNotices.getState();
  expect(notices[notices.length - 1].text).toBe("Undo failed: the server is away.");
});
