import { create } from "zustand";
import { persist } from "zustand/middleware";
import { type Appearance, PLAIN } from "./appearance";
import type { SelectorStore } from "./selectorStore";

export type Theme = "dark" | "light" | "system";
export const SPEEDS = [0.5, 1, 2, 4] as const;

type Preferences = {
  theme: Theme;
  /** How points appearance where the address does not say. */
  appearance: Appearance;
  speed: number;
  loop: boolean;
  /** Columns whose filters are open. */
  openFacets: string[];
  /** Names of curves switched off in the timeline. */
  mutedCurves: string[];
  /** The layout of the panels where the address does not say, as it writes it; null is the usual one. */
  layout: string | null;
  /** The charts in their panel where the address does not say, as it writes them; null are the usual ones. */
  charts: string | null;
  /** Layouts of the panels by name, with the charts, as the address writes them. */
  layouts: { name: string; text: string; charts?: string | null }[];
  /** How the runs page shows them. */
  runsAs: "cards" | "table";
  /** Columns of the table of runs; null shows those that tell runs apart. */
  runColumns: string[] | null;
  /** Whether the tour was left; it does not come again. */
  toured: boolean;
  set: (change: Partial<Omit<Preferences, "set">>) => void;
};

/** This person's preferences, stored in the browser. */
export const usePreferences: SelectorStore<Preferences> = create<Preferences>()(
  persist(
    (set) => ({
      theme: "system",
      appearance: PLAIN,
      speed: 1,
      loop: true,
      openFacets: ["correct", "confidence"],
      mutedCurves: [],
      layout: null,
      charts: null,
      layouts: [],
      runsAs: "cards",
      runColumns: null,
      toured: false,
      set,
    }),
    { name: "chroma-preferences", version: 1 },
  ),
);
