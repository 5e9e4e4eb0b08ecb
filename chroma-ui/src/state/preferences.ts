import { create } from "zustand";
import { persist } from "zustand/middleware";

export type Theme = "dark" | "light" | "system";
export const SPEEDS = [0.5, 1, 2, 4] as const;

type Preferences = {
  theme: Theme;
  pointSize: number;
  labels: boolean;
  contours: boolean;
  /** Colours that colour-blind people can tell apart. */
  safeColours: boolean;
  trails: boolean;
  speed: number;
  loop: boolean;
  /** Columns whose values are listed among the filters. */
  openFacets: string[];
  /** Names of curves switched off in the timeline. */
  mutedCurves: string[];
  set: (change: Partial<Omit<Preferences, "set">>) => void;
};

/** How this person likes to look, kept in this browser. */
export const usePreferences = create<Preferences>()(
  persist(
    (set) => ({
      theme: "system",
      pointSize: 1,
      labels: true,
      contours: true,
      safeColours: false,
      trails: true,
      speed: 1,
      loop: true,
      openFacets: ["correct", "confidence"],
      mutedCurves: [],
      set,
    }),
    { name: "chroma-preferences", version: 1 },
  ),
);
