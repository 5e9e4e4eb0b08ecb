import { useLayoutEffect, useSyncExternalStore } from "react";
import { usePreferences } from "../state/preferences";

export type Shade = "dark" | "light";

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const media = window.matchMedia(query);
      media.addEventListener("change", changed);
      return () => media.removeEventListener("change", changed);
    },
    () => window.matchMedia(query).matches,
  );
}

/** Dark or light, by this person's choice or the system's. */
export function useShade(): Shade {
  const theme = usePreferences((preferences) => preferences.theme);
  const systemIsLight = useMedia("(prefers-color-scheme: light)");
  return theme === "system" ? (systemIsLight ? "light" : "dark") : theme;
}

export function useThemeOnPage(shade: Shade): void {
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = shade;
  }, [shade]);
}

export const useReducedMotion = (): boolean => useMedia("(prefers-reduced-motion: reduce)");
