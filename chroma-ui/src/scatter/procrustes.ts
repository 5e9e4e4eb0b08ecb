/** Pure: the turn, scale and mirroring that lay one cloud of points onto another (orthogonal Procrustes). */
import { MISSING_U16, type Points } from "./encode";

/** Coordinates of points on one plane. */
export type Cloud = { x: Float64Array; y: Float64Array };

/** x' = a x - b y + dx, y' = b x + a y + dy; `mirrored` takes -y for y before. */
export type Similarity = { a: number; b: number; dx: number; dy: number; mirrored: boolean };

export type Fit = {
  similarity: Similarity;
  /** How much larger the moved cloud becomes. */
  scale: number;
  /** In degrees, counter-clockwise, after mirroring. */
  angle: number;
  /** The share of the target's spread that is left over: 0 is the same shape, 1 nothing in common. */
  residual: number;
};

/** Fewer points than this can be laid onto any others. */
export const LEAST_SHARED = 3;

const mean = (values: Float64Array): number => values.reduce((sum, each) => sum + each, 0) / values.length;

/**
 * The similarity of least squares from `moved` onto `target`, whose points are the same in order; null where there are
 * fewer than three, or all of a cloud lie in one place.
 *
 * In the plane it has a closed form: with centred points as complex numbers, the best turn and scale is
 * sum(conj(m) t) / sum(|m|^2), and with mirroring sum(m t) / sum(|m|^2); the one of larger modulus leaves less over.
 */
export function procrustes(target: Cloud, moved: Cloud): Fit | null {
  const n = target.x.length;
  if (n < LEAST_SHARED) return null;
  const [tx, ty, mx, my] = [mean(target.x), mean(target.y), mean(moved.x), mean(moved.y)];
  let [xx, yy, xy, yx, ofTarget, ofMoved] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [px, py] = [target.x[i] - tx, target.y[i] - ty];
    const [qx, qy] = [moved.x[i] - mx, moved.y[i] - my];
    xx += qx * px;
    yy += qy * py;
    xy += qx * py;
    yx += qy * px;
    ofTarget += px * px + py * py;
    ofMoved += qx * qx + qy * qy;
  }
  if (!(ofTarget > 0 && ofMoved > 0)) return null;
  const plain = Math.hypot(xx + yy, xy - yx);
  const turned = Math.hypot(xx - yy, xy + yx);
  const mirrored = turned > plain;
  const [real, imaginary, size] = mirrored ? [xx - yy, xy + yx, turned] : [xx + yy, xy - yx, plain];
  const [a, b] = [real / ofMoved, imaginary / ofMoved];
  const up = mirrored ? -my : my;
  return {
    similarity: { a, b, dx: tx - (a * mx - b * up), dy: ty - (b * mx + a * up), mirrored },
    scale: size / ofMoved,
    angle: (Math.atan2(b, a) * 180) / Math.PI,
    residual: Math.max(0, 1 - size ** 2 / (ofTarget * ofMoved)),
  };
}

/** Points moved by a similarity of plot coordinates, on a grid that has room for all of them. */
export function laid({ n, x, y, grid, present, presentCount }: Points, by: Similarity): Points {
  const flip = by.mirrored ? -1 : 1;
  const [across, up] = [new Float64Array(n), new Float64Array(n)];
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < n; i++) {
    if (!present[i]) continue;
    const [px, py] = [grid.left + grid.step * x[i], flip * (grid.bottom + grid.step * y[i])];
    across[i] = by.a * px - by.b * py + by.dx;
    up[i] = by.b * px + by.a * py + by.dy;
    left = Math.min(left, across[i]);
    right = Math.max(right, across[i]);
    bottom = Math.min(bottom, up[i]);
    top = Math.max(top, up[i]);
  }
  const step = Math.max(right - left, top - bottom) / 65534 || 1;
  const [laidX, laidY] = [new Uint16Array(n).fill(MISSING_U16), new Uint16Array(n).fill(MISSING_U16)];
  for (let i = 0; i < n; i++) {
    if (!present[i]) continue;
    laidX[i] = Math.round((across[i] - left) / step);
    laidY[i] = Math.round((up[i] - bottom) / step);
  }
  const at = presentCount ? { left, bottom, step } : grid;
  return { n, x: laidX, y: laidY, grid: at, present, presentCount };
}
