import { type Key, useKeys } from "../lib/useKeys";
import { useShade } from "../lib/useTheme";
import { usePreferences } from "../state/preferences";
import { useSelection } from "../state/selection";

type Acts = {
  onPlay: () => void;
  /** Moves by this many frames; stops at the first and the last one. */
  onStep: (by: number) => void;
  onFit: () => void;
  onHelp: () => void;
  onEscape: () => void;
};

/** The keys of every page that shows films, and those that one page adds. */
export function useFilmKeys({ onPlay, onStep, onFit, onHelp, onEscape }: Acts, more: readonly Key[] = []) {
  const shade = useShade();
  const { set } = usePreferences.getState();
  const { setTool } = useSelection.getState();
  useKeys([
    [" ", onPlay],
    ["ArrowLeft", () => onStep(-1)],
    ["ArrowRight", () => onStep(1)],
    ["Home", () => onStep(Number.NEGATIVE_INFINITY)],
    ["End", () => onStep(Number.POSITIVE_INFINITY)],
    ["f", onFit],
    ["d", () => set({ theme: shade === "dark" ? "light" : "dark" })],
    ["v", () => setTool("move")],
    ["l", () => setTool("lasso")],
    ["b", () => setTool("box")],
    ["?", onHelp],
    ["Escape", onEscape],
    ...more,
  ]);
}
