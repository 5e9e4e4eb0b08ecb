export const CARD_WIDTH = 244;
const HEIGHT = 96;
const DISTANCE = 16;
const EDGE = 8;

type Point = { x: number; y: number };
type Room = { width: number; height: number };

/** Where the card of a point stands: right of it, else left, and where it is too narrow for that below, else above. */
export function cardPlace({ x, y }: Point, room: Room): { left: number; top: number } {
  const right = x + DISTANCE;
  const left = right + CARD_WIDTH <= room.width ? right : x - DISTANCE - CARD_WIDTH;
  const lowest = Math.max(EDGE, room.height - HEIGHT - EDGE);
  if (left >= 0) return { left, top: Math.min(Math.max(EDGE, y - HEIGHT / 3), lowest) };
  const below = y + DISTANCE;
  return {
    left: Math.max(0, Math.min(x - CARD_WIDTH / 2, room.width - CARD_WIDTH - EDGE)),
    top: below + HEIGHT <= room.height ? below : Math.max(EDGE, y - DISTANCE - HEIGHT),
  };
}
