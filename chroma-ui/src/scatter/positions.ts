import type { ShownFrame } from "./useShownFrame";

/** Positions in the split of points of a film: it may show picked samples only. */
export function positionsOf(shown: Pick<ShownFrame, "position">, indices: Uint32Array): Uint32Array {
  const places = shown.position?.values;
  return places ? indices.map((index) => places[index]) : indices;
}
