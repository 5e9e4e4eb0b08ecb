/** Pure: what a screen reader says of the canvas. */
import { momentOf } from "../film/frameNames";
import type { Picture } from "../film/picture";
import { sampleAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";

/** How many points of how many, by what they are coloured, what is selected, and which sample is in focus. */
export function canvasWords(
  shown: ShownFrame,
  { scene, title }: Picture,
  selected: Uint32Array,
  focused: number | null,
): string {
  const { points, frame } = shown;
  const parts = [
    `${count(scene.drawn.length)} of ${count(points.n)} points, ${momentOf(frame)}, coloured by ${title}`,
  ];
  if (selected.length) parts.push(`${count(selected.length)} selected`);
  if (focused !== null) parts.push(`in focus ${sampleWords(shown, focused)}`);
  return `${parts.join("; ")}.`;
}

function sampleWords(shown: ShownFrame, index: number): string {
  const { split, position } = sampleAt(shown, index);
  const said = [`position ${count(position)} of ${split}`];
  const { label, prediction } = shown;
  if (label) said.push(`label ${label.legend[label.codes[index]] ?? "not known"}`);
  if (prediction) said.push(`predicted ${prediction.legend[prediction.codes[index]] ?? "not known"}`);
  return said.join(", ");
}
