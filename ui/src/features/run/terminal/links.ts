// Which addresses in terminal output may be opened, and how they are shown first. Output is
// hostile: the visible text of an OSC 8 link may differ from its target, so the target itself is
// what the person sees and confirms.

const OPENABLE = new Set(["http:", "https:", "mailto:"]);

export interface LinkTarget {
  /** Normalised address: punycode host, escapes as they will be sent. */
  url: string;
  /** What decides trust: the host, or the address of a mail. */
  place: string;
}

/** The target if it may be opened; null for any other scheme or text that is no address. */
export function linkTarget(text: string): LinkTarget | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (!OPENABLE.has(url.protocol)) return null;
  return { url: url.href, place: url.protocol === "mailto:" ? url.pathname : url.host };
}
