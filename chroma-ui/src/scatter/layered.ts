import { LAYERS } from "./rendererTypes";

/** Pure: the indices below `n` of points that are drawn, layer by layer; null where all drawn ones are in one layer. */
export function layered(marks: Uint8Array, n: number): Uint32Array | null {
  const counts = new Uint32Array(5);
  for (let i = 0; i < n; i++) counts[marks[i]]++;
  const used = LAYERS.filter((mark) => counts[mark] > 0);
  if (used.length < 2) return null;
  const next = new Uint32Array(5);
  let total = 0;
  for (const mark of used) {
    next[mark] = total;
    total += counts[mark];
  }
  const order = new Uint32Array(total);
  for (let i = 0; i < n; i++) if (marks[i]) order[next[marks[i]]++] = i;
  return order;
}
