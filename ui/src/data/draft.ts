// From what people type to what the engine takes. Pure.

/** Words between commas, each once, without a leading #. */
export function splitTags(text: string): string[] {
  const tags = text.split(",").map((tag) => tag.trim().replace(/^#/, ""));
  return [...new Set(tags.filter(Boolean))];
}

/** The end of that day here, for a date like 2026-11-30; null for none. */
export function dateInMs(date: string): number | null {
  const match = /^(\d{4,})-(\d\d)-(\d\d)$/.exec(date);
  if (!match) return null;
  const [, year, month, day] = match.map(Number) as [number, number, number, number];
  return new Date(year, month - 1, day, 23, 59, 59).getTime();
}
