// Makes an HTML artifact safe to show. The frame's sandbox already refuses scripts, forms, popups
// and our origin; the policy put in front of the document also keeps it from loading anything from
// the network, so that opening an artifact tells nobody.

const POLICY =
  "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'";

/** The document for `srcdoc`: ours first, so that the policy is in force before any of theirs is read. */
export function frameDocument(html: string): string {
  const body = html.replace(/^\uFEFF?\s*<!doctype[^>]*>/i, "");
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="referrer" content="no-referrer">${body}`;
}
