import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createViewpoint, type ViewOfPlot } from "./viewpoint";

const BOX = { left: -1, right: 1, bottom: -1, top: 1 };
const SMALL = { left: -0.2, right: 0.2, bottom: -0.2, top: 0.2 };

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

function made() {
  const room = { width: 800, height: 600 };
  const views: ViewOfPlot[] = [];
  const viewpoint = createViewpoint(
    room,
    () => undefined,
    (view) => views.push(view),
  );
  const arrive = () => {
    vi.advanceTimersByTime(2000);
    viewpoint.advance();
  };
  return { room, viewpoint, arrive, zoom: () => views[views.length - 1].zoom };
}

it("goes to the whole film, unless a person has moved the view", () => {
  const { viewpoint, arrive, zoom } = made();
  viewpoint.setBox(SMALL, true);
  viewpoint.setBox(BOX, true);
  arrive();
  expect(zoom()).toBeCloseTo(1);
  viewpoint.centreOn(0.5, 0.5);
  viewpoint.setBox(SMALL, true);
  arrive();
  expect(viewpoint.stance()).toMatchObject({ x: 0.5, y: 0.5 });
  viewpoint.fit();
  arrive();
  expect(zoom()).toBeCloseTo(1);
});

it("fits the film into a room that changes while the camera travels", () => {
  const { room, viewpoint, arrive, zoom } = made();
  viewpoint.setBox(SMALL, true);
  viewpoint.setBox(BOX, true);
  room.height = 400;
  viewpoint.refit();
  arrive();
  expect(zoom()).toBeCloseTo(1);
});
