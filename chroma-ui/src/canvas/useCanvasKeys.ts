/** Keys of the canvas while it has the focus: from point to point, and turning in three dimensions. */
import type { KeyboardEvent } from "react";
import { keyAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import type { Plot } from "../scatter/plot";
import { useView } from "../state/view";

const ARROWS: Readonly<Record<string, readonly [right: number, up: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
/** Radians that a key turns the space. */
const TURN = Math.PI / 18;

export function useCanvasKeys(
  plot: Plot | null,
  shown: ShownFrame | null,
  inSpace: boolean,
  focused: number | null,
  select: (indices: Uint32Array, manner: "add" | "subtract") => void,
  selected: Uint32Array,
) {
  return (event: KeyboardEvent, byKey: boolean) => {
    // After a click the arrow keys are the film's.
    if (!byKey && !inSpace) return;
    if (!plot || !shown || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow && inSpace && !event.shiftKey) plot.turnBy(TURN * arrow[0], -TURN * arrow[1]);
    else if (arrow) {
      const next = plot.towards(focused, arrow);
      if (next !== null) {
        plot.reveal(next);
        useView.getState().focus(keyAt(shown, next));
      }
    } else if (event.key === "Enter" && focused !== null) {
      select(Uint32Array.of(focused), selected.includes(focused) ? "subtract" : "add");
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
}
