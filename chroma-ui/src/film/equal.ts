/** Pure: whether so many vectors of a frame are equal that it must be said: the layer collapsed, or is about to. */
const MANY = 0.1;

export const manyEqual = ({ equal, n }: { equal: number | null; n: number }): boolean =>
  equal !== null && equal > 1 && equal >= MANY * n;
