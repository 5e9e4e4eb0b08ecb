/** Pure: how the neighbours of a sample changed from one frame to the next. */

/** Which of the neighbours came, and which of those before went, in their own orders. */
export function changeOf<N extends { position: number }>(
  before: readonly N[] | null,
  now: readonly N[],
): { gained: ReadonlySet<number>; lost: readonly N[] } {
  if (!before) return { gained: new Set(), lost: [] };
  const [old, next] = [
    new Set(before.map((near) => near.position)),
    new Set(now.map((near) => near.position)),
  ];
  return {
    gained: new Set([...next].filter((position) => !old.has(position))),
    lost: before.filter((near) => !next.has(near.position)),
  };
}
