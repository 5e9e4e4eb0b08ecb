import { type Points, placed } from "./encode";

const SQUARE = { offsetX: -1, offsetY: -1, scale: 2 };

/** For tests: points at these plot coordinates; null is missing. */
export function pointsAt(places: readonly (readonly [number, number] | null)[]): Points {
  const grid = (value: number | undefined) =>
    value === undefined ? 65535 : Math.round(((value + 1) / 2) * 65534);
  const raw = {
    x: Uint16Array.from(places, (place) => grid(place?.[0])),
    y: Uint16Array.from(places, (place) => grid(place?.[1])),
  };
  return placed(raw, SQUARE, SQUARE);
}
