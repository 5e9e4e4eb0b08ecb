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
    () => ({ left: 48, top: 8, bottom: 44 }),
  );
  const arrive = () => {
    vi.advanceTimersByTime(2000);
    viewpoint.advance();
  };
  const last = () => views[views.length - 1];
  return { room, viewpoint, arrive, last, zoom: () => last().zoom };
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

it("stays where it is while the film grows, and tells its place as another window would", () => {
  const [old, fresh] = [made(), made()];
  old.viewpoint.setBox(SMALL, true);
  const before = old.viewpoint.stance();
  old.viewpoint.setBox(BOX, false);
  expect(old.viewpoint.travels()).toBe(false);
  expect(old.viewpoint.stance()).toEqual(before);
  expect(old.zoom()).toBeGreaterThan(1);
  old.viewpoint.zoomBy(1.6);
  old.arrive();
  fresh.viewpoint.setBox(BOX, true);
  fresh.viewpoint.follow(old.last().place);
  const { x, y, distance } = old.viewpoint.stance();
  expect(fresh.viewpoint.stance().x).toBeCloseTo(x);
  expect(fresh.viewpoint.stance().y).toBeCloseTo(y);
  expect(fresh.viewpoint.stance().distance).toBeCloseTo(distance);
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

it("follows another plot by where it looks from its own film, and says who leads", () => {
  const [leader, follower] = [made(), made()];
  leader.viewpoint.setBox(BOX, true);
  follower.viewpoint.setBox(SMALL, true);
  expect(leader.last().led).toBe(false);
  leader.viewpoint.zoomBy(2);
  leader.arrive();
  leader.viewpoint.centreOn(0.25, -0.5);
  expect(leader.last().led).toBe(true);
  follower.viewpoint.follow(leader.last().place);
  expect(follower.last().led).toBe(false);
  expect(follower.last().place.zoom).toBeCloseTo(2);
  expect(follower.last().place.x).toBeCloseTo(leader.last().place.x);
  expect(follower.last().place.y).toBeCloseTo(leader.last().place.y);
});
