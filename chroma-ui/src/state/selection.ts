import { create } from "zustand";
import type { Manner, Tool } from "../scatter/gestures";

type Selection = {
  /** Film indices of the selected samples, ascending; film order is the order of positions. */
  indices: Uint32Array;
  tool: Tool;
  setTool: (tool: Tool) => void;
  select: (indices: Uint32Array, manner?: Manner) => void;
  clear: () => void;
};

const NOTHING = new Uint32Array(0);

/** Two ascending lists as one: their union, or what the first holds and the second does not. */
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

export const useSelection = create<Selection>()((set) => ({
  indices: NOTHING,
  tool: "move",
  setTool: (tool) => set({ tool }),
  select: (given, manner = "replace") => set(({ indices }) => ({ indices: combine(indices, given, manner) })),
  clear: () => set(({ indices }) => (indices.length ? { indices: NOTHING } : {})),
}));
