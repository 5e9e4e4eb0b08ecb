import type { Box } from "./encode";

/** Maps plot coordinates to CSS pixels of the canvas. */
export type Transform = { toX: (x: number) => number; toY: (y: number) => number };

/** The camera: its centre, and half the height of what it sees, in plot coordinates. */
export type Stance = { x: number; y: number; distance: number };

/** CSS pixels. */
export type Room = { width: number; height: number };

/** Closer than this the u16 grid becomes visible; farther than that the film is a dot. */
const NEAREST = 0.004;
const FARTHEST = 12;

export function screenTransform({ x, y, distance }: Stance, { width, height }: Room): Transform {
  const scale = height / (2 * distance);
  return {
    toX: (at) => width / 2 + (at - x) * scale,
    toY: (at) => height / 2 - (at - y) * scale,
  };
}

/** The plot coordinates under a pixel of the canvas. */
export function placeUnder(stance: Stance, { width, height }: Room, px: number, py: number) {
  const scale = (2 * stance.distance) / height;
  return { x: stance.x + (px - width / 2) * scale, y: stance.y - (py - height / 2) * scale };
}

/** CSS pixels at the edges of the canvas that other things cover. */
export type Covered = { left: number; top: number; bottom: number };
export const UNCOVERED: Covered = { left: 0, top: 0, bottom: 0 };

/** The camera that sees the whole box with a margin, within what is not covered. */
export function stanceOf(box: Box, { width, height }: Room, margin = 0.1, covered = UNCOVERED): Stance {
  const halfWidth = (box.right - box.left) / 2;
  const halfHeight = (box.top - box.bottom) / 2;
  const freeWidth = Math.max(width / 2, width - covered.left);
  const freeHeight = Math.max(height / 2, height - covered.top - covered.bottom);
  const distance =
    Math.max((halfHeight * height) / freeHeight, (halfWidth * height) / freeWidth, 0.02) * (1 + 2 * margin);
  const perPixel = distance / height;
  const raised = freeHeight > height / 2 ? covered.bottom - covered.top : 0;
  return {
    x: (box.left + box.right) / 2 - (width - freeWidth) * perPixel,
    y: (box.bottom + box.top) / 2 - raised * perPixel,
    distance,
  };
}

/** Closer by `factor`; the point under the pixel stays where it is. */
export function zoomed(stance: Stance, room: Room, factor: number, px: number, py: number): Stance {
  const distance = Math.min(FARTHEST, Math.max(NEAREST, stance.distance / factor));
  const held = placeUnder(stance, room, px, py);
  const share = distance / stance.distance;
  return { x: held.x + (stance.x - held.x) * share, y: held.y + (stance.y - held.y) * share, distance };
}

export const mix = (from: number, to: number, t: number): number => from + (to - from) * t;

/** Between two cameras; the zoom is interpolated geometrically, which looks even. */
export const mixStances = (from: Stance, to: Stance, t: number): Stance => ({
  x: mix(from.x, to.x, t),
  y: mix(from.y, to.y, t),
  distance: from.distance * (to.distance / from.distance) ** t,
});

export const ease = (t: number): number => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);
