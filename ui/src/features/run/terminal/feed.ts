// Feeds server bytes into an xterm and acknowledges what it has parsed. The server holds output
// back above 100,000 unacknowledged bytes and goes on below 5,000, so the last acknowledgement of
// a burst must never be withheld: acks are merged only while more parsing is pending.
//
// Replayed bytes (a RESET's snapshot) are marked while they are being parsed, so that the answers
// xterm gives to queries inside them can be dropped: nobody is waiting for those any more.

/** The two things the feed needs of a terminal; xterm's own signature. */
export interface Writable {
  write(data: Uint8Array, done: () => void): void;
}

const FULL_RESET = Uint8Array.of(0x1b, 0x63); // ESC c, so the reset happens in stream order

/** Acks are merged up to this many bytes; far below the server's pause mark. */
export const ACK_EVERY = 16_384;

export class TerminalFeed {
  private unsent = 0;
  private pendingWrites = 0;
  private replays = 0;

  constructor(
    private readonly terminal: Writable,
    private readonly ack: (bytes: number) => void,
  ) {}

  /** True while bytes of the past are being parsed. */
  get replaying(): boolean {
    return this.replays > 0;
  }

  output(bytes: Uint8Array): void {
    this.write(bytes, bytes.length);
  }

  /** Replaces the screen. The reset itself travels in the stream, behind output not yet parsed. */
  reset(snapshot: Uint8Array): void {
    const bytes = new Uint8Array(FULL_RESET.length + snapshot.length);
    bytes.set(FULL_RESET);
    bytes.set(snapshot, FULL_RESET.length);
    this.replays += 1;
    this.write(bytes, snapshot.length, () => {
      this.replays -= 1;
    });
  }

  private write(bytes: Uint8Array, counted: number, parsed?: () => void): void {
    this.pendingWrites += 1;
    this.terminal.write(bytes, () => {
      this.pendingWrites -= 1;
      parsed?.();
      this.settle(counted);
    });
  }

  private settle(bytes: number): void {
    this.unsent += bytes;
    const lastOfBurst = this.pendingWrites === 0;
    if (this.unsent > 0 && (lastOfBurst || this.unsent >= ACK_EVERY)) {
      const due = this.unsent;
      this.unsent = 0;
      this.ack(due);
    }
  }
}
