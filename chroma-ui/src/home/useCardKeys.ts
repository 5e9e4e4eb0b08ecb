import { useCallback, useRef, useState } from "react";
import { useKeys } from "../lib/useKeys";
import type { HomeRun } from "./order";

type Acts = {
  onPick: (run: HomeRun) => void;
  onRename: (run: HomeRun) => void;
  onDelete: (run: HomeRun) => void;
};

/** Arrow keys move between the cards as they lie on the page; letters act on the focused card. */
export function useCardKeys(runs: readonly HomeRun[], acts: Acts) {
  const list = useRef<HTMLElement>(null);
  const [last, setLast] = useState<string | null>(null);
  const reached = runs.some(({ id }) => id === last) ? last : (runs[0]?.id ?? null);
  const cards = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-testid=home-open]") ?? [])];
  const here = () => cards().indexOf(document.activeElement as HTMLElement);

  const step = (by: number) => {
    const all = cards();
    const at = here();
    all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
  };
  /** Moves to the nearest card in the row above or below. */
  const leap = (sign: 1 | -1) => {
    const all = cards();
    const from = document.activeElement?.getBoundingClientRect();
    if (here() < 0 || !from) {
      all[0]?.focus();
      return;
    }
    const boxes = all.map((card) => ({ card, box: card.getBoundingClientRect() }));
    const beyond = boxes.filter(({ box }) => sign * (box.top - from.top) > from.height / 2);
    beyond.sort(
      (a, b) =>
        sign * (a.box.top - b.box.top) || Math.abs(a.box.left - from.left) - Math.abs(b.box.left - from.left),
    );
    beyond[0]?.card.focus();
  };
  const withRun = (act: (run: HomeRun) => void) => () => {
    const run = runs[here()];
    if (run) act(run);
  };
  useKeys([
    ["ArrowLeft", () => step(-1)],
    ["ArrowRight", () => step(1)],
    ["ArrowUp", () => leap(-1)],
    ["ArrowDown", () => leap(1)],
    ["x", withRun(acts.onPick)],
    ["r", withRun(acts.onRename)],
    ["Delete", withRun(acts.onDelete)],
  ]);
  const reach = useCallback((id: string) => setLast(id), []);
  return { list, reached, reach };
}
