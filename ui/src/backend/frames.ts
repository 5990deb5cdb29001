// The terminal's frames, decoded in one place for every transport: one byte of kind, then the rest.
import type { Exited, TerminalHandlers } from "./backend";

const OUTPUT = 0;
const RESET = 1;
const SIZE = 2;
const EXITED = 3;
const EARLIER = 4;

/** Hands one frame to the viewer. A kind that we do not know comes from a newer engine and is passed over. */
export function deliverFrame(frame: Uint8Array, to: TerminalHandlers): void {
  if (frame.length === 0) return;
  const rest = frame.subarray(1);
  switch (frame[0]) {
    case OUTPUT:
      return to.onOutput(rest);
    case RESET:
      return to.onReset(rest);
    case SIZE:
      return to.onSize(view(rest).getUint16(0, true), view(rest).getUint16(2, true));
    case EXITED:
      return to.onExited(JSON.parse(new TextDecoder().decode(rest)) as Exited);
    case EARLIER:
      return to.onEarlier(Number(view(rest).getBigUint64(0, true)));
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
