import { create } from "zustand";
import type { SelectorStore } from "./selectorStore";

/** The sample under the pointer, by its key, and where it is pointed at. */
type Hovered = {
  sample: number | null;
  by: "canvas" | "list" | null;
  hover: (sample: number | null, by: "canvas" | "list") => void;
};

/** Shared by the canvas and the lists of samples, each of which marks what the other points at. */
export const useHovered: SelectorStore<Hovered> = create<Hovered>()((set) => ({
  sample: null,
  by: null,
  hover: (sample, by) =>
    set((now) => {
      if (sample === null) return now.by === by ? { sample: null, by: null } : now;
      return now.sample === sample && now.by === by ? now : { sample, by };
    }),
}));
