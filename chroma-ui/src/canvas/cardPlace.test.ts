import { expect, test } from "vitest";
import { CARD_WIDTH, cardPlace } from "./cardPlace";

const NARROW = { width: 480, height: 500 };

test("a card stands beside its point, on the side with room", () => {
  expect(cardPlace({ x: 100, y: 200 }, NARROW)).toEqual({ left: 116, top: 168 });
  expect(cardPlace({ x: 400, y: 200 }, NARROW).left).toBe(400 - 16 - CARD_WIDTH);
});

test("where neither side has room it stands below or above, and is never cut", () => {
  const room = { width: 400, height: 500 };
  expect(cardPlace({ x: 200, y: 100 }, room)).toEqual({ left: 78, top: 116 });
  expect(cardPlace({ x: 200, y: 450 }, room).top).toBe(450 - 16 - 96);
  for (let x = 0; x <= 400; x += 20) {
    const { left } = cardPlace({ x, y: 250 }, room);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(left + CARD_WIDTH).toBeLessThanOrEqual(400);
  }
});
