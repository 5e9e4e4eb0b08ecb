/** Pure: since when a model is right about a sample. */

type Moment = { epoch: number | null; step: number; prediction: string | null };

/** How a moment is named. */
export const whenOf = ({ epoch, step }: Omit<Moment, "prediction">): string =>
  epoch === null ? `step ${step}` : `epoch ${epoch}`;

/** When the model learned a sample, as a sentence; null where nothing can be said. */
export function learnedOf(moments: readonly Moment[], label: string | null): string | null {
  const known = moments.filter(({ prediction }) => prediction !== null);
  if (label === null || known.length < 2) return null;
  const right = known.map(({ prediction }) => prediction === label);
  const isRight = right[right.length - 1];
  const since = right.lastIndexOf(!isRight) + 1;
  if (since === 0) return isRight ? "Right at every epoch" : "Never right";
  const when = whenOf(known[since]);
  if (isRight) return right.indexOf(true) === since ? `Right since ${when}` : `Right for good since ${when}`;
  return `Wrong again since ${when}`;
}
