import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Chart } from "./charts";
import { mirrorToAddress } from "./history";
import { placedAt, readLayout } from "./layout";
import { DEFAULT_VIEW, readView, type View, writeView } from "./url";
import { useView } from "./view";

const USUAL = readLayout("legend~run~") ?? expect.fail("it is a layout");

describe("the address of a view", () => {
  it("restores every part of it, whatever the names are", () => {
    const view: View = {
      home: true,
      panes: [
        { run: "r & 1", layer: null, step: 3, camera: null, split: null },
        { run: "s", layer: 'a"b', step: null, camera: { x: 1, y: 0, zoom: 2 }, split: "train" },
      ],
      free: ["camera"],
      laid: true,
      against: 2,
      run: "r & 1",
      layer: "encoder.fc1:input",
      split: "val:1",
      method: "pca",
      parameters: [
        { name: "first", value: 3 },
        { name: "min_dist", value: 0.05 },
      ],
      orbit: "umap",
      over: "runs",
      at: "r & 2",
      mates: ["r & 2", "ü"],
      epoch: 2,
      only: "f00d",
      step: 228,
      colour: "tag:odd ones",
      scale: "log",
      hidden: ["a,b", "<img src=x>", "ä&=#"],
      sample: 0,
      search: 'label:9 text~"a & b"',
      selected: "AB-_9",
      filters: [
        { column: "confidence", range: [0.25, 1] },
        { column: "tag:a&b", values: ["tagged", '"'] },
      ],
      camera: { x: -0.25, y: 1.5, zoom: 12.5 },
      opened: ["findings"],
      layout: {
        panels: { left: [], right: ["sample", "run"], bottom: ["table"] },
        sizes: { left: null, right: 410, bottom: null },
      },
      table: {
        columns: [
          { name: 'tag:"a,b"', width: null },
          { name: "margin", width: 120 },
        ],
        sort: [
          { column: "margin", descending: true },
          { column: "label", descending: false },
        ],
      },
      charts: [
        { x: 'tag:"a,b"', y: null, kind: null, log: [] },
        { x: "margin", y: "label", kind: "ecdf", log: ["x"] },
      ],
      finding: "label val/3",
      appearance: {
        ...{ labels: false, contours: false, trails: false, rare: false, ground: false, thumbnails: false },
        ...{ safe: true, size: 1.4, opacity: 0.5 },
      },
    };
    expect(readView(writeView(view))).toEqual(view);
  });

  it("says nothing of what is as at the start", () => {
    expect(writeView(DEFAULT_VIEW)).toBe("");
    expect(readView("")).toEqual(DEFAULT_VIEW);
  });

  it("falls back where it cannot be understood", () => {
    const view = readView(
      "?step=-4&sample=x&method=t*&filter=[1]&filter=x&camera=1,2,0&run=a&size=9&opacity=x&labels=maybe",
    );
    expect(view).toEqual({ ...DEFAULT_VIEW, run: "a" });
  });

  it("takes the looks a person likes only where it names nothing to look at", () => {
    const liked = { appearance: { ...DEFAULT_VIEW.appearance, contours: false }, layout: null, charts: null };
    expect(readView("", liked).appearance.contours).toBe(false);
    expect(readView("?run=a", liked).appearance.contours).toBe(true);
    expect(readView("?run=a&contours=off").appearance.contours).toBe(false);
    const layout = placedAt(USUAL, "table", "left");
    expect(readView("", { ...liked, layout }).layout).toEqual(layout);
    expect(readView("?run=a", { ...liked, layout }).layout).toBeNull();
    const charts: Chart[] = [{ x: "margin", y: null, kind: null, log: [] }];
    expect(readView("", { ...liked, charts }).charts).toEqual(charts);
    expect(readView("?run=a", { ...liked, charts }).charts).toBeNull();
  });
});

describe("the view store", () => {
  beforeEach(() => {
    useView.getState().show(DEFAULT_VIEW);
    window.history.replaceState(null, "", "/");
  });

  it("is mirrored to the address", () => {
    const stop = mirrorToAddress();
    useView.getState().colourBy("prediction");
    useView.getState().seek(57);
    expect(window.location.search).toBe("?step=57&colour=prediction");
    stop();
    useView.getState().seek(76);
    expect(window.location.search).toBe("?step=57&colour=prediction");
  });

  it("makes a review of labels one entry in the history, however many samples it steps through", () => {
    useView.getState().show({ ...DEFAULT_VIEW, run: "r" });
    const stop = mirrorToAddress();
    const { focus, openPanel } = useView.getState();
    const pushed = vi.spyOn(window.history, "pushState");
    openPanel("labels:train");
    expect(pushed).toHaveBeenCalledTimes(1);
    for (const sample of [7, 3, 9]) focus(sample, true);
    expect(window.location.search).toBe("?run=r&sample=9&panel=labels%3Atrain");
    expect(pushed).toHaveBeenCalledTimes(1);
    focus(4); // on the canvas, which opens its panel
    expect(pushed).toHaveBeenCalledTimes(2);
    openPanel("findings");
    // Within a second, changes of one kind are one entry.
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 5_000);
    focus(5, true);
    expect(pushed).toHaveBeenCalledTimes(3);
    vi.restoreAllMocks();
    stop();
  });

  it("hides, isolates and shows categories again", () => {
    const { toggleCategory, isolateCategory } = useView.getState();
    const hidden = () => useView.getState().hidden;
    toggleCategory("a");
    expect(hidden()).toEqual(["a"]);
    isolateCategory("b", ["a", "b", "c"]);
    expect(hidden()).toEqual(["a", "c"]);
    isolateCategory("b", ["a", "b", "c"]);
    expect(hidden()).toEqual([]);
  });

  it("forgets what belonged to the run before", () => {
    useView.getState().show({ ...DEFAULT_VIEW, run: "one", step: 5, sample: 3, hidden: ["a"], layer: "fc" });
    useView.getState().openRun("two");
    expect(readView(writeView(useView.getState()))).toEqual({ ...DEFAULT_VIEW, run: "two" });
  });
});
