/** Pure: points in three dimensions, as they are seen from a side. */
import { MISSING_U16, type Points } from "./encode";

/** Coordinates from -1 to 1; NaN is missing. */
export type Space = { x: Float32Array; y: Float32Array; z: Float32Array };

/** In radians: around the vertical axis, and up and down. */
export type Turn = { yaw: number; pitch: number };

export const FRONT: Turn = { yaw: 0, pitch: 0 };

/** How far the eye is from the middle: nearer points lie farther apart. */
const EYE = 4;
/** No point lies farther out than this, however it is turned. */
const REACH = 2.4;
/** What the camera fits. */
export const SPACE_BOX = { left: -1.15, right: 1.15, bottom: -1.15, top: 1.15 };

/** Turned by so many radians more; it does not go over the poles. */
export const turnedBy = ({ yaw, pitch }: Turn, right: number, down: number): Turn => ({
  yaw: yaw + right,
  pitch: Math.min(Math.PI / 2, Math.max(-Math.PI / 2, pitch + down)),
});

/** The points as they are seen, on a grid as those of a frame. */
export function seenFrom({ x, y, z }: Space, { yaw, pitch }: Turn): Points {
  const n = x.length;
  const [sinYaw, cosYaw, sinPitch, cosPitch] = [
    Math.sin(yaw),
    Math.cos(yaw),
    Math.sin(pitch),
    Math.cos(pitch),
  ];
  const step = (2 * REACH) / 65534;
  const [acrossX, upY] = [new Uint16Array(n).fill(MISSING_U16), new Uint16Array(n).fill(MISSING_U16)];
  const present = new Uint8Array(n);
  let presentCount = 0;
  for (let i = 0; i < n; i++) {
    const across = x[i] * cosYaw + z[i] * sinYaw;
    const depth = z[i] * cosYaw - x[i] * sinYaw;
    const up = y[i] * cosPitch - depth * sinPitch;
    const near = EYE / (EYE - (y[i] * sinPitch + depth * cosPitch));
    if (!Number.isFinite(across * near) || !Number.isFinite(up * near)) continue;
    acrossX[i] = Math.round((across * near + REACH) / step);
    upY[i] = Math.round((up * near + REACH) / step);
    present[i] = 1;
    presentCount++;
  }
  return { n, x: acrossX, y: upY, grid: { left: -REACH, bottom: -REACH, step }, present, presentCount };
}
