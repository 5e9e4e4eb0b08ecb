import { create } from "zustand";
import type { SelectorStore } from "./selectorStore";

/** The sample under the pointer, by its position in the split, and where it is pointed at. */
type Hovered = {
  position: number | null;
  by: "canvas" | "list" | null;
  hover: (position: number | null, by: "canvas" | "list") => void;
};

/** Shared by the canvas and the lists of samples, each of which marks what the other points at. */
export const useHovered: SelectorStore<Hovered> = create<Hovered>()((set) => ({
  position: null,
  by: null,
  hover: (position, by) =>
    set((now) => {
      if (position === null) return now.by === by ? { position: null, by: null } : now;
      return now.position === position && now.by === by ? now : { position, by };
    }),
}));
