// Light or dark: what the person chose, or what the system says. Kept in the page's storage as well, so
// that the first paint is already right.
import { useEffect } from "react";

export type Theme = "system" | "dark" | "light";

const KEY = "flightboard.theme";
const LIGHT = "(prefers-color-scheme: light)";

export function asTheme(text: string | null | undefined): Theme {
  return text === "dark" || text === "light" ? text : "system";
}

export function applyTheme(theme: Theme): void {
  const light = theme === "light" || (theme === "system" && matchMedia(LIGHT).matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
}

export function rememberedTheme(): Theme {
  try {
    return asTheme(localStorage.getItem(KEY));
  } catch {
    return "system";
  }
}

/** Shows the chosen theme and follows the system while that is the choice. */
export function useTheme(chosen: string | undefined): void {
  useEffect(() => {
    if (chosen === undefined) return;
    const theme = asTheme(chosen);
    applyTheme(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Only the first paint of the next start loses by it.
    }
    const system = matchMedia(LIGHT);
    const follow = () => applyTheme(theme);
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, [chosen]);
}
