/** Pure: several splits of a run that are placed together in one film. */
import type { RunDetail } from "./run";

/** The splits that a name stands for, in the order of a film's points: one, or several that are placed together. */
export function splitsOf({ splits, jointSplits }: Splits, name: string): string[] {
  const isOne = splits.some((split) => split.name === name);
  return isOne || !jointSplits.includes(name) ? [name] : name.split("+");
}

type Splits = { splits: readonly { name: string }[]; jointSplits: readonly string[] };

/** Several splits as if they were one. */
export function joined(run: RunDetail, name: string): RunDetail["splits"][number] | null {
  const parts = splitsOf(run, name).flatMap((part) => run.splits.find((split) => split.name === part) ?? []);
  const [first] = parts;
  if (!first) return null;
  const sameClasses = parts.every(({ classNames }) => `${classNames}` === `${first.classNames}`);
  return {
    ...first,
    name,
    n: parts.reduce((sum, { n }) => sum + n, 0),
    of: parts.reduce((sum, { of }) => sum + of, 0),
    classNames: sameClasses ? first.classNames : [],
    hasImages: parts.some(({ hasImages }) => hasImages),
    hasTexts: parts.some(({ hasTexts }) => hasTexts),
  };
}

/** The name of a split, or of several, for people. */
export const spokenSplit = (run: Splits, name: string): string => splitsOf(run, name).join(" + ");
