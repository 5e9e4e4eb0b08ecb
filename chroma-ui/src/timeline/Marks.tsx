import type { Frame } from "../api/bytes";
import { placeOfStep } from "./curves";
import type { Geometry } from "./geometry";
import styles from "./marks.module.css";

/** Something that happened at a step. */
export type Mark = {
  key: string;
  step: number;
  level: "INFO" | "WARNING" | "ERROR";
  title: string;
  onOpen: () => void;
};

type Props = { geometry: Geometry; frames: readonly Frame[]; marks: readonly Mark[] };

/** Marks nearer than this are one, in CSS pixels. */
const ROOM = 11;
const RANK = { INFO: 0, WARNING: 1, ERROR: 2 } as const;

/** What happened, above the curves; marks that would hide each other are one, of the highest level among them. */
export function Marks({ geometry, frames, marks }: Props) {
  const placed = marks
    .flatMap((mark) => {
      const at = placeOfStep(mark.step, frames);
      return at === null ? [] : [{ mark, x: geometry.toX(at) }];
    })
    .sort((a, b) => a.x - b.x);
  const groups: { x: number; marks: Mark[] }[] = [];
  for (const { mark, x } of placed) {
    const last = groups[groups.length - 1];
    if (last && x - last.x < ROOM) last.marks.push(mark);
    else groups.push({ x, marks: [mark] });
  }
  return groups.map(({ x, marks: few }) => {
    const highest = few.reduce((high, mark) => (RANK[mark.level] > RANK[high.level] ? mark : high));
    const text = few.map(({ title, step }) => `${title}, step ${step}`).join("\n");
    return (
      <button
        key={highest.key}
        type="button"
        className={styles.mark}
        style={{ left: x }}
        data-level={highest.level}
        data-testid="timeline-mark"
        aria-label={text.replaceAll("\n", "; ")}
        title={text}
        onClick={highest.onOpen}
      />
    );
  });
}
