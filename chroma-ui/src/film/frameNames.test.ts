import { describe, expect, it } from "vitest";
import type { Frame } from "../api/bytes";
import { momentOf, shortened, spoken, tickOf } from "./frameNames";

const frame = { epoch: 3, step: 1200, layer: "encoder.fc1", run: "calm heron", runId: "b" } as Frame;

describe("names of frames", () => {
  it("are epochs, steps where there are none, layers, runs", () => {
    expect(tickOf(frame, "EPOCHS")).toBe("3");
    expect(tickOf({ ...frame, epoch: null }, "EPOCHS")).toBe("1200");
    expect(tickOf(frame, "LAYERS")).toBe("encoder.fc1");
    expect(tickOf(frame, "RUNS")).toBe("calm heron");
  });
  it("say what they count", () => {
    expect(spoken(frame, "EPOCHS")).toBe("epoch 3");
    expect(spoken(frame, "RUNS")).toBe("run calm heron");
    expect(momentOf(frame)).toBe("epoch 3, step 1,200");
    expect(momentOf({ ...frame, epoch: null })).toBe("step 1,200");
  });
  it("keep their end where they are too long", () => {
    expect(shortened("fc1", 8)).toBe("fc1");
    expect(shortened("encoder.block.1.fc1", 8)).toHaveLength(8);
    expect(shortened("encoder.block.1.fc1", 8).endsWith("1.fc1")).toBe(true);
  });
});
