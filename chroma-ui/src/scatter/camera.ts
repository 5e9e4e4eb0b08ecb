import type { Box } from "./encode";

/** From plot coordinates to CSS pixels of the canvas. */
export type Transform = { toX: (x: number, y: number) => number; toY: (x: number, y: number) => number };

export type Stance = { x: number; y: number; distance: number };

/** `view` is the column-major 4×4 matrix of the camera; the plot is 2 high at distance 1. */
export function screenTransform(view: ArrayLike<number>, width: number, height: number): Transform {
  const aspect = width / height;
  return {
    toX: (x, y) => (((view[0] * x + view[4] * y + view[12]) / aspect + 1) * width) / 2,
    toY: (x, y) => ((1 - (view[1] * x + view[5] * y + view[13])) * height) / 2,
  };
}

/** The stance from which the whole box is seen with a margin around it. */
export function stanceOf(box: Box, width: number, height: number, margin = 0.12): Stance {
  const halfWidth = (box.right - box.left) / 2;
  const halfHeight = (box.top - box.bottom) / 2;
  const distance = Math.max(halfHeight, halfWidth / (width / height), 0.02) * (1 + 2 * margin);
  return { x: (box.left + box.right) / 2, y: (box.bottom + box.top) / 2, distance };
}

export const mix = (from: number, to: number, t: number): number => from + (to - from) * t;

export const ease = (t: number): number => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);
