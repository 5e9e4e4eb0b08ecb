export type Cloud = { x: Uint16Array; y: Uint16Array; classes: Uint16Array; others: Uint16Array };

export const CLASSES = 10;

/** n points in ten round clusters, the same ones for the same seed; places are u16 of a square. */
export function pointsOf(n: number, seed: number): Cloud {
  let state = seed * 2654435761;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const cloud = {
    x: new Uint16Array(n),
    y: new Uint16Array(n),
    classes: new Uint16Array(n),
    others: new Uint16Array(n),
  };
  for (let i = 0; i < n; i++) {
    const code = i % CLASSES;
    const turn = (code / CLASSES) * 2 * Math.PI + seed;
    const spread = () => (random() + random() + random() - 1.5) * 9000;
    cloud.x[i] = 32767 + 22000 * Math.cos(turn) + spread();
    cloud.y[i] = 32767 + 22000 * Math.sin(turn) + spread();
    cloud.classes[i] = code;
    cloud.others[i] = Math.floor(random() * CLASSES);
  }
  return cloud;
}

/** A path around about a fifth of the points, in plot coordinates. */
export const PATH = Array.from({ length: 48 }, (_, i) => {
  const turn = (i / 48) * 2 * Math.PI;
  return { x: 0.62 + 0.36 * Math.cos(turn), y: 0.3 + 0.46 * Math.sin(turn) };
});
