import { create } from "zustand";
import type { Manner, Tool } from "../scatter/gestures";
import type { SelectorStore } from "./selectorStore";
import { quietly } from "./steps";
import { useView } from "./view";

type Selection = {
  /** Keys of the selected samples, ascending; in the compare view of the first pane's split. */
  samples: Uint32Array;
  /** Whether the menu that tags them is open. */
  tagging: boolean;
  setTagging: (tagging: boolean) => void;
  tool: Tool;
  setTool: (tool: Tool) => void;
  /** With `stays` the panel that is open stays so: it selected them itself. */
  select: (samples: Uint32Array, manner?: Manner, stays?: boolean) => void;
  clear: () => void;
  /** Selects what the address names or an undo brings back: no step of its own. */
  restore: (samples: Uint32Array) => void;
};

const NOTHING = new Uint32Array(0);

/** The union of two ascending lists, or the first without the second. */
export function combine(held: Uint32Array, given: Uint32Array, manner: Manner): Uint32Array {
  if (manner === "replace") return given;
  const found = new Uint32Array(manner === "add" ? held.length + given.length : held.length);
  let [kept, at] = [0, 0];
  for (const index of held) {
    while (at < given.length && given[at] < index) {
      if (manner === "add") found[kept++] = given[at];
      at++;
    }
    const both = given[at] === index;
    if (both) at++;
    if (!both || manner === "add") found[kept++] = index;
  }
  if (manner === "add") for (; at < given.length; at++) found[kept++] = given[at];
  return found.slice(0, kept);
}

export const useSelection: SelectorStore<Selection> = create<Selection>()((set) => ({
  samples: NOTHING,
  tagging: false,
  setTagging: (tagging) => set({ tagging }),
  tool: "move",
  setTool: (tool) => set({ tool }),
  select: (given, manner = "replace", stays = false) => {
    set(({ samples }) => ({ samples: combine(samples, given, manner) }));
    if (!stays) useView.getState().openPanel(null);
  },
  clear: () => set(({ samples }) => (samples.length ? { samples: NOTHING } : {})),
  restore: (samples) => quietly(() => set({ samples })),
}));
