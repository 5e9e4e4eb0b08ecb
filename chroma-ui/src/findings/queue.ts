/** Pure: a queue of label doubts, and what a person decided. */
import type { LabelDecision, LabelDoubtsQuery, ProgressFieldsFragment } from "../api/gql/graphql";

export type Doubt = LabelDoubtsQuery["labelDoubts"]["rows"][number];
export type Decision = { decision: LabelDecision; label: string | null };

export const decidedOf = ({ confirmed, relabelled, skipped }: ProgressFieldsFragment): number =>
  confirmed + relabelled + skipped;

/** The rows with a decision on one of them; null takes it away. */
export const withDecision = (rows: readonly Doubt[], sampleId: string, made: Decision | null): Doubt[] =>
  rows.map((row) =>
    row.sampleId === sampleId
      ? { ...row, decision: made?.decision ?? null, label: made?.label ?? null }
      : row,
  );

/** The first row after this one that nobody decided on; else the next one; null where there is none. */
export function nextOpen(rows: readonly Doubt[], at: number): number | null {
  const open = rows.findIndex((row, i) => i > at && row.decision === null);
  if (open >= 0) return open;
  return at + 1 < rows.length ? at + 1 : null;
}

/** Keys of the classes: digits for the first ten; others are chosen by name. */
export const classKey = (at: number): string | null => (at < 10 ? `${at}` : null);

/** What was decided, in words. */
export function wordsOf({ decision, label }: Doubt): string | null {
  if (decision === "CONFIRM") return "confirmed";
  if (decision === "RELABEL") return `relabelled ${label}`;
  return decision === "SKIP" ? "skipped" : null;
}
