/** Pure: antialiased discs as lists of pixels, one list for each position of the centre within its pixel. */

/** Positions per axis that the centre of a disc can take within a pixel. */
export const PLACES = 8;

export type Discs = {
  /** See `reachOf`. */
  reach: number;
  /** Start of each position's list, `[PLACES * PLACES + 1]`. */
  starts: Uint32Array;
  /** Pixels as offsets from the centre's pixel, in a picture with `stride` pixels per row. */
  offsets: Int32Array;
  /** Weight of the disc's colour in a pixel, 1 to 256. */
  weights: Uint16Array;
};

/** Pixels that a disc reaches from the pixel of its centre. */
export const reachOf = (diameter: number): number => Math.ceil(diameter / 2 + 0.5);

/** Discs as the fragment shader draws them: alpha falls from 1 to 0 over one pixel at the edge. */
export function discsOf(diameter: number, opacity: number, stride: number): Discs {
  const reach = reachOf(diameter);
  const side = 2 * reach + 1;
  const starts = new Uint32Array(PLACES * PLACES + 1);
  const offsets = new Int32Array(PLACES * PLACES * side * side);
  const weights = new Uint16Array(offsets.length);
  let end = 0;
  for (let place = 0; place < PLACES * PLACES; place++) {
    starts[place] = end;
    const centreX = ((place % PLACES) + 0.5) / PLACES;
    const centreY = (Math.floor(place / PLACES) + 0.5) / PLACES;
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const away = Math.hypot(dx + 0.5 - centreX, dy + 0.5 - centreY);
        const cover = Math.min(1, Math.max(0, diameter / 2 - away + 0.5));
        const weight = Math.round(cover * opacity * 256);
        if (weight === 0) continue;
        offsets[end] = dy * stride + dx;
        weights[end++] = weight;
      }
    }
  }
  starts[PLACES * PLACES] = end;
  return { reach, starts, offsets: offsets.slice(0, end), weights: weights.slice(0, end) };
}
