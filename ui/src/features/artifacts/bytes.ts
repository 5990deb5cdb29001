// An artifact's bytes: decoded from the wire, told apart as text or not, and shown as hexadecimal
// when they are not. The whole file is never assumed to be here: the first piece is at most 4 MiB.

/** How much of an artifact is read to show it. */
export const SHOWN_BYTES = 4 * 1024 * 1024;

export function fromBase64(data: string): Uint8Array<ArrayBuffer> {
  const binary = atob(data);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Text by its byte order mark or as UTF-8; wrong bytes become U+FFFD and are counted. */
export function asText(bytes: Uint8Array): { text: string; wrong: number } {
  const encoding = startsWith(bytes, 0xff, 0xfe) ? "utf-16le" : startsWith(bytes, 0xfe, 0xff) ? "utf-16be" : "utf-8";
  const text = new TextDecoder(encoding).decode(bytes);
  return { text, wrong: text.split("\uFFFD").length - 1 };
}

function startsWith(bytes: Uint8Array, a: number, b: number): boolean {
  return bytes[0] === a && bytes[1] === b;
}

export interface HexRow {
  offset: string;
  hex: string;
  text: string;
}

const WIDTH = 16;

/** Rows of 16 bytes as `hexdump -C` writes them. */
export function hexRows(bytes: Uint8Array, most: number): HexRow[] {
  const rows: HexRow[] = [];
  for (let at = 0; at < Math.min(bytes.length, most); at += WIDTH) {
    const row = [...bytes.subarray(at, Math.min(at + WIDTH, most))];
    rows.push({
      offset: at.toString(16).padStart(8, "0"),
      hex: row.map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
      text: row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join(""),
    });
  }
  return rows;
}

const IMAGE_TYPES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  ico: "image/x-icon",
  svg: "image/svg+xml",
};

/** The type for an image's blob, from its name; a browser sniffs the rest itself. */
export function imageType(path: string): string {
  return IMAGE_TYPES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()] ?? "application/octet-stream";
}
