import { create } from "zustand";
import type { SelectorStore } from "./selectorStore";

type Highlight = {
  /** The legend entry under the pointer, or with the focus: its points stand out of the others. */
  category: string | null;
  point: (category: string | null) => void;
};

export const useHighlight: SelectorStore<Highlight> = create<Highlight>()((set) => ({
  category: null,
  point: (category) => set({ category }),
}));
