/** Pure: how a pane's film is laid onto that of pane A, by the samples that both show. */
import type { ShownFrame } from "../film/useShownFrame";
import { count, decimal } from "../lib/format";
import { type Points, placeX, placeY } from "../scatter/encode";
import { type Cloud, type Fit, LEAST_SHARED, procrustes } from "../scatter/procrustes";
import type { SampleNumbers } from "./sampleNumbers";

export type Laid = {
  /** null: they cannot be laid onto each other. */
  fit: Fit | null;
  /** Samples that stand in both frames, in A's, and in the pane's own. */
  shared: number;
  of: number;
  own: number;
};

type Numbered = { shown: ShownFrame; numbers: SampleNumbers };

/** Length of the film's coordinates for each of the plot's: every revision has a scale of its own. */
const unitOf = ({ revision, points }: ShownFrame): number => revision.scale / (65534 * points.grid.step);

/** The fit in plot coordinates, but for its scale, which is that between the films' coordinates. */
export function fitOnto(first: Numbered, second: Numbered): Laid {
  const [one, two] = [first.shown.points, second.shown.points];
  const pairs: [number, number][] = [];
  for (let i = 0; i < two.n; i++) {
    const at = two.present[i] ? first.numbers.indexOf(second.numbers.numbers[i]) : -1;
    if (at >= 0 && one.present[at]) pairs.push([at, i]);
  }
  const cloud = (points: Points, side: 0 | 1): Cloud => ({
    x: Float64Array.from(pairs, (pair) => placeX(points, pair[side])),
    y: Float64Array.from(pairs, (pair) => placeY(points, pair[side])),
  });
  const fit = procrustes(cloud(one, 0), cloud(two, 1));
  const units = unitOf(first.shown) / unitOf(second.shown);
  return {
    fit: fit && { ...fit, scale: fit.scale * units },
    shared: pairs.length,
    of: one.presentCount,
    own: two.presentCount,
  };
}

/** What is said of it, of the pane named by a letter. */
export function laidWords({ fit, shared, of, own }: Laid, letter: string): string {
  const by = `${count(shared)} samples that both show, of ${count(of)} in A and ${count(own)} in ${letter}`;
  if (!fit)
    return shared < LEAST_SHARED
      ? `${letter} is not laid onto A: the ${by}, are fewer than ${LEAST_SHARED}.`
      : `${letter} is not laid onto A: all points of one of them lie in one place.`;
  const turned = `turned by ${Math.round(fit.angle)}° and scaled by ${decimal(fit.scale)}`;
  return (
    `${letter} is laid onto A by the ${by}: ${fit.similarity.mirrored ? "mirrored, " : ""}${turned}. ` +
    `Residual ${decimal(fit.residual)}: the share of A's spread that is left over.`
  );
}
