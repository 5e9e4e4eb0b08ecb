/** Pure: which points are drawn, and which of them stand out. */
import { MARKS } from "./rendererTypes";
import type { Scene } from "./types";

/** What people point out: selected points, and points of a search or of a legend entry; null: none. */
export type Chosen = { selected: Uint32Array; lit: Uint32Array | null };

/** Lifted points grow by up to this share: the fewer they are, the more. */
const MOST_LIFT = 0.7;
/** Where a larger share of the points is lifted, they keep their size. */
const MANY = 0.2;

/** Whether the other points are dimmed. */
export const dims = ({ selected, lit }: Chosen): boolean => selected.length > 0 || lit !== null;

/** Sets the mark of each point of a scene; returns how much larger lifted points are. */
export function markPoints(marks: Uint8Array, scene: Scene, chosen: Chosen): number {
  const { points, drawn, lifted } = scene;
  marks.fill(MARKS.hidden);
  if (scene.ground) for (let i = 0; i < points.n; i++) if (points.present[i]) marks[i] = MARKS.ground;
  let raised = 0;
  if (lifted && !dims(chosen)) {
    for (const i of drawn) {
      marks[i] = lifted[i] ? MARKS.lifted : MARKS.plain;
      raised += lifted[i];
    }
  } else for (const i of drawn) marks[i] = MARKS.plain;
  for (const i of chosen.lit ?? []) {
    if (marks[i] !== MARKS.plain) continue;
    marks[i] = MARKS.lifted;
    raised++;
  }
  for (const i of chosen.selected) {
    if (marks[i] === MARKS.plain || marks[i] === MARKS.lifted) marks[i] = MARKS.selected;
  }
  const share = raised / Math.max(1, drawn.length);
  return 1 + MOST_LIFT * Math.max(0, 1 - share / MANY);
}

export function countMarks(marks: Uint8Array): Record<keyof typeof MARKS, number> {
  const counts = { hidden: 0, plain: 0, lifted: 0, selected: 0, ground: 0 };
  const names = Object.keys(MARKS) as (keyof typeof MARKS)[];
  for (const mark of marks) counts[names[mark]]++;
  return counts;
}
