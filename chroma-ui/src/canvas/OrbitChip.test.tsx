import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import type { OrbitState } from "../film/useOrbit";
import { OrbitChip } from "./OrbitChip";

afterEach(cleanup);

const STATE: OrbitState = { method: "umap", space: null, early: false, drawing: null, problem: null };
const none = new Float32Array(0);

describe("what is said while a frame is drawn in three dimensions", () => {
  it.each<[Partial<OrbitState>, string]>([
    [{ early: true }, "UMAP in 3-D follows once this film is drawn"],
    [{}, "UMAP in 3-D: waiting for its turn"],
    [{ drawing: { progress: 0, message: "Comparing neighbours" } }, "Comparing neighbours"],
    [{ drawing: { progress: 0.42, message: "Drawing" } }, "Drawing · 42%"],
    [{ problem: "there are no vectors" }, "UMAP in 3-D was not drawn: there are no vectors"],
    [{ space: { x: none, y: none, z: none } }, "UMAP in 3-D · drag to turn"],
  ])("%j", (change, text) => {
    render(<OrbitChip orbit={{ ...STATE, ...change }} />);
    const role = change.problem ? "alert" : "status";
    expect(screen.getByRole(role).querySelector("span")?.textContent).toBe(text);
  });

  it("says nothing in two dimensions", () => {
    const { container } = render(<OrbitChip orbit={{ ...STATE, method: null }} />);
    expect(container.textContent).toBe("");
  });
});
