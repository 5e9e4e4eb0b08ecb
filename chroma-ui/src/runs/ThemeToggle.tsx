import { useShade } from "../lib/useTheme";
import { type Theme, usePreferences } from "../state/preferences";
import { IconButton } from "../ui/Button";
import { Moon, Screen, Sun } from "../ui/icons";

const NEXT_THEME: Record<Theme, Theme> = { dark: "light", light: "system", system: "dark" };

export function ThemeToggle() {
  const theme = usePreferences((preferences) => preferences.theme);
  const set = usePreferences((preferences) => preferences.set);
  const shade = useShade();
  const name = theme === "system" ? `as the system (${shade})` : theme;
  return (
    <IconButton
      label={`Theme: ${name}`}
      hint="D"
      data-testid="theme-toggle"
      data-theme-choice={theme}
      onClick={() => set({ theme: NEXT_THEME[theme] })}
    >
      {theme === "system" ? <Screen /> : theme === "dark" ? <Moon /> : <Sun />}
    </IconButton>
  );
}
