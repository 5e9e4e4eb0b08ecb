/** Pure: how the neighbours of a sample changed from one moment to another. */

/** Neighbours that are new, and previous ones that are gone, each in its own order; samples are compared by id. */
export function changeOf<N extends { sampleId: string }>(
  before: readonly N[] | null,
  now: readonly N[],
): { gained: ReadonlySet<string>; lost: readonly N[] } {
  if (!before) return { gained: new Set(), lost: [] };
  const [old, next] = [
    new Set(before.map((near) => near.sampleId)),
    new Set(now.map((near) => near.sampleId)),
  ];
  return {
    gained: new Set([...next].filter((id) => !old.has(id))),
    lost: before.filter((near) => !next.has(near.sampleId)),
  };
}
