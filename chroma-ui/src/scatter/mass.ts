/** Pure: which groups lie together, so that a name or a contour says something of them. */
import type { Group } from "./clusters";
import type { PlaceOf } from "./encode";

/** Fewer points than this are seen one by one. */
const FEWEST = 30;
/** At most this many points are counted: more change the shares little. */
const MOST_COUNTED = 200_000;
const POINTS_PER_CELL = 8;
const MOST_ACROSS = 48;
/** Counts of cells and groups that are kept at once. */
const MOST_COUNTS = 4_000_000;
/** A group has mass from this share on, corrected for chance: 0 is a random mixture, 1 a group among itself. */
const LEAST_SHARE = 0.35;

/** The groups whose points have mostly points of their own group around them; none where points are few. */
export function withMass(
  groups: readonly Group[],
  codes: Uint16Array,
  drawn: Uint32Array,
  x: PlaceOf,
  y: PlaceOf,
): Group[] {
  if (drawn.length < FEWEST) return [];
  const names = groups.reduce((most, { code }) => Math.max(most, code + 1), 0);
  if (names === 0) return [];
  const stride = Math.ceil(drawn.length / MOST_COUNTED);
  const cellOf = gridOver(drawn, stride, names, x, y);
  const all = new Uint32Array(cellOf.cells);
  const own = new Uint32Array(cellOf.cells * names);
  const sizes = new Uint32Array(names);
  let counted = 0;
  for (let at = 0; at < drawn.length; at += stride) {
    const code = codes[drawn[at]];
    const cell = cellOf.at(x(drawn[at]), y(drawn[at]));
    all[cell]++;
    counted++;
    if (code >= names) continue;
    own[cell * names + code]++;
    sizes[code]++;
  }
  // Of each point, the share of its group among the other points of its cell.
  const shares = new Float64Array(names);
  const known = new Uint32Array(names);
  for (let cell = 0; cell < cellOf.cells; cell++) {
    if (all[cell] < 2) continue;
    for (let code = 0; code < names; code++) {
      const here = own[cell * names + code];
      if (here === 0) continue;
      shares[code] += (here * (here - 1)) / (all[cell] - 1);
      known[code] += here;
    }
  }
  return groups.filter(({ code }) => {
    const chance = sizes[code] / counted;
    if (chance === 1) return true;
    return known[code] > 0 && (shares[code] / known[code] - chance) / (1 - chance) >= LEAST_SHARE;
  });
}

function gridOver(drawn: Uint32Array, stride: number, names: number, x: PlaceOf, y: PlaceOf) {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < drawn.length; at += stride) {
    const [px, py] = [x(drawn[at]), y(drawn[at])];
    if (px < left) left = px;
    if (px > right) right = px;
    if (py < bottom) bottom = py;
    if (py > top) top = py;
  }
  const wanted = Math.sqrt(Math.min(drawn.length / stride / POINTS_PER_CELL, MOST_COUNTS / names));
  const across = Math.max(2, Math.min(MOST_ACROSS, Math.floor(wanted)));
  const bound = (share: number) => Math.min(across - 1, Math.max(0, Math.floor(share * across)));
  const [wide, high] = [Math.max(right - left, 1e-9), Math.max(top - bottom, 1e-9)];
  return {
    cells: across * across,
    at: (px: number, py: number) => bound((py - bottom) / high) * across + bound((px - left) / wide),
  };
}
