// OSC 52, the escape sequence by which a program reaches for the clipboard. Reads are denied
// without a word; writes become a question that shows what would be written.

export type ClipboardRequest = { kind: "write"; text: string } | { kind: "refused" };

/** More than this is not a snippet that a person can judge in a question. */
const MOST = 100_000;

/** `data` is the sequence's payload after `52;`, e.g. `c;aGVsbG8=`. */
export function clipboardRequest(data: string): ClipboardRequest {
  const payload = data.slice(data.indexOf(";") + 1);
  if (!data.includes(";") || payload === "?" || payload === "" || payload.length > MOST) return { kind: "refused" };
  try {
    const bytes = Uint8Array.from(atob(payload), (c) => c.charCodeAt(0));
    return { kind: "write", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { kind: "refused" };
  }
}
