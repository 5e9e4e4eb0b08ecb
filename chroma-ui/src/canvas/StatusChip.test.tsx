import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { ShownFrame } from "../film/useShownFrame";
import { StatusChip } from "./StatusChip";
import { createViews } from "./views";

afterEach(cleanup);

const shown = (landmarks: number | null, n: number, figures = {}) =>
  ({
    film: { n, of: 200_000, columns: [] as ShownFrame["film"]["columns"] },
    frame: { trustworthiness: 0.9871, continuity: 0.9512, qualityN: 2000, n, equal: 1, ...figures },
    points: { n },
    revision: { landmarks, method: "umap", preview: false },
  }) as ShownFrame;
const text = () => screen.getByTestId("status-chip").textContent;

it("says what is drawn of what, in every respect", () => {
  render(
    <StatusChip
      shown={shown(15_000, 100_000)}
      drawn={90_000}
      views={createViews()}
      trails={40}
      selected={1234}
      contoured={{ groups: 40, of: 57 }}
    />,
  );
  expect(text()).toContain("90,000 of 100,000 points");
  expect(text()).toContain("100,000 of 200,000 samples");
  expect(text()).toContain("trails of 40 of 1,234");
  expect(text()).toContain("contours of 40 of 57 groups");
  expect(text()).toContain("15,000 of 100,000 drawn in full");
  expect(text()).toContain("trustworthiness 0.987 on 2,000");
  expect(text()).toContain("continuity 0.951");
  expect(text()).not.toContain("equal");
});

it("is silent about what is drawn in full", () => {
  const all = { groups: 12, of: 12 };
  render(
    <StatusChip
      shown={shown(null, 100)}
      drawn={100}
      views={createViews()}
      trails={12}
      selected={12}
      contoured={all}
    />,
  );
  expect(text()).not.toContain("in full");
  expect(text()).not.toContain("contours");
  expect(text()).not.toContain("trails");
});

it("says that vectors are equal instead of how well their neighbourhoods are drawn", () => {
  const chip = (frame: object) => (
    <StatusChip
      shown={shown(null, 300, frame)}
      drawn={300}
      views={createViews()}
      trails={0}
      selected={0}
      contoured={null}
    />
  );
  const { rerender } = render(chip({ equal: 300, trustworthiness: null, continuity: null, qualityN: null }));
  expect(text()).toContain("300 of 300 vectors are equal");
  expect(text()).not.toContain("trustworthiness");
  rerender(chip({ equal: 60 }));
  expect(text()).toContain("60 of 300 vectors are equal");
  expect(text()).toContain("trustworthiness 0.987");
  rerender(chip({ equal: 2 }));
  expect(text()).not.toContain("equal");
});
