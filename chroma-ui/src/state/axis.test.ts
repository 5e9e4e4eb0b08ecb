import { describe, expect, it } from "vitest";
import type { Frame } from "../api/bytes";
import { filmRequest, pickFrame } from "../runs/choices";
import { markOf } from "./axis";
import { DEFAULT_VIEW, readView, writeView } from "./url";

const frame = (layer: string, runId: string, step = 10) => ({ layer, runId, step }) as Frame;

describe("what the frames run over", () => {
  it("stands in the address and comes back", () => {
    const view = { ...DEFAULT_VIEW, over: "runs" as const, at: "b", mates: ["b", "c"], only: "f1", step: 40 };
    expect(readView(writeView(view))).toEqual(view);
    expect(writeView(DEFAULT_VIEW)).toBe("");
    expect(readView("?over=planets").over).toBe("epochs");
  });
  it("tells which frame is meant", () => {
    const layers = [frame("stem", "a"), frame("fc1", "a")];
    expect(markOf(layers[0], "layers")).toBe("stem");
    expect(pickFrame(layers, { over: "layers", at: "stem", step: 10 })).toBe(0);
    expect(pickFrame(layers, { over: "layers", at: "gone", step: 10 })).toBe(1);
    expect(pickFrame(layers, { over: "layers", at: null, step: 10 })).toBe(1);
    const steps = [frame("fc1", "a", 0), frame("fc1", "a", 10), frame("fc1", "a", 20)];
    expect(pickFrame(steps, { over: "epochs", at: "stem", step: 15 })).toBe(1);
    expect(pickFrame(steps, { over: "epochs", at: null, step: null })).toBe(2);
  });
  it("decides what is asked for", () => {
    const asked = filmRequest({ ...DEFAULT_VIEW, over: "layers", step: 40, only: "f1" }, "a", "fc1", "val");
    expect(asked).toMatchObject({ axis: "LAYERS", layer: null, step: 40, runIds: null, samplesOf: "f1" });
    const runs = filmRequest({ ...DEFAULT_VIEW, over: "runs", step: 40, mates: ["b"] }, "a", "fc1", "val");
    expect(runs).toMatchObject({ axis: "RUNS", layer: "fc1", step: null, runIds: ["a", "b"] });
    expect(filmRequest(DEFAULT_VIEW, "a", "fc1", "val")).toMatchObject({ axis: "EPOCHS", layer: "fc1" });
  });
});
