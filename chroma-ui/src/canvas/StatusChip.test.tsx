import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { ShownFrame } from "../film/useShownFrame";
import { StatusChip } from "./StatusChip";
import { createViews } from "./views";

afterEach(cleanup);

const shown = (landmarks: number | null, n: number) =>
  ({
    film: { n, of: 200_000 },
    frame: { trustworthiness: 0.9871, qualityN: 2000, n },
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
    />,
  );
  expect(text()).toContain("90,000 of 100,000 points");
  expect(text()).toContain("100,000 of 200,000 samples");
  expect(text()).toContain("trails of 40 of 1,234");
  expect(text()).toContain("15,000 of 100,000 drawn in full");
  expect(text()).toContain("trustworthiness 0.987 on 2,000");
});

it("is silent about landmarks where every sample is drawn in full", () => {
  render(<StatusChip shown={shown(null, 100)} drawn={100} views={createViews()} trails={12} selected={12} />);
  expect(text()).not.toContain("in full");
  expect(text()).not.toContain("trails");
});
