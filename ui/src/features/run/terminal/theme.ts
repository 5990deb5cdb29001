// The terminal's colours, read from the page's tokens, so that a change of theme is a change of
// tokens and nothing else.
import type { ISearchDecorationOptions } from "@xterm/addon-search";
import type { ITheme } from "@xterm/xterm";

const ANSI = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

type Name = (typeof ANSI)[number];
type Bright = `bright${Capitalize<Name>}`;

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function terminalTheme(): ITheme {
  const colours: Partial<Record<Name | Bright, string>> = {};
  for (const name of ANSI) {
    colours[name] = token(`ansi-${name}`);
    colours[`bright${name[0]?.toUpperCase()}${name.slice(1)}` as Bright] = token(`ansi-bright-${name}`);
  }
  return {
    ...colours,
    background: token("ground"),
    foreground: token("ink"),
    cursor: token("ink"),
    cursorAccent: token("ground"),
    selectionBackground: token("select"),
    selectionInactiveBackground: token("line"),
  };
}

export function searchColours(): ISearchDecorationOptions {
  return {
    matchBackground: token("find"),
    activeMatchBackground: token("find-active"),
    matchOverviewRuler: token("find"),
    activeMatchColorOverviewRuler: token("find-active"),
  };
}

export function terminalFont(): string {
  return token("font-mono");
}

/** Calls back when the theme has changed, by choice or by the system. */
export function onThemeChange(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", changed);
  };
}
