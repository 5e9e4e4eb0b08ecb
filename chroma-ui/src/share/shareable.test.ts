import { expect, it } from "vitest";
import { readView } from "../state/url";
import { shareable } from "./shareable";

const pane = (...parts: unknown[]) => `pane=${encodeURIComponent(JSON.stringify(parts))}`;
const shared = (search: string) => {
  const { search: address, left } = shareable(readView(search), "a");
  return { view: readView(address), address, left };
};

it("is the view itself where it shows one run", () => {
  const { address, left } = shared("?run=a&layer=fc1&step=30&colour=margin");
  expect(address).toBe("?run=a&layer=fc1&step=30&colour=margin");
  expect(left).toBeNull();
});

it("names no run but its own", () => {
  const two = shared(`?${pane("a", "fc1", 10)}&${pane("b", "fc1", 20)}&run=b`);
  expect(two.address).not.toContain("b%22");
  expect(two.view).toMatchObject({ run: "a", layer: "fc1", step: 10, panes: [] });
  expect(two.left).toMatch("one pane of other runs");
  const three = shared(`?${pane("a", "fc1")}&${pane("a", "fc2")}&${pane("b")}`);
  expect(three.view.panes.map(({ layer }) => layer)).toEqual(["fc1", "fc2"]);
  const over = shared("?run=a&over=runs&with=b&with=c&at=b");
  expect(over.address).toBe("?run=a");
  expect(over.left).toMatch("film over runs");
});
