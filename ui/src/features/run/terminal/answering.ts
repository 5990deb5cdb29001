// Chooses which viewer of a run answers the agent's terminal queries: the one opened or focused
// last. Two tabs that both answered would hand the agent each reply twice, the second as typing.
// Tabs of one browser agree over a BroadcastChannel; without one, every viewer is alone.

interface Claim {
  run: number;
  viewer: string;
}

/** The part of BroadcastChannel that is used. */
export interface ClaimChannel {
  postMessage(claim: Claim): void;
  onmessage: ((event: { data: Claim }) => void) | null;
  close(): void;
}

export class AnsweringViewer {
  private mine = true;

  constructor(
    private readonly run: number,
    private readonly viewer: string,
    private readonly channel: ClaimChannel | null,
  ) {
    if (channel) {
      channel.onmessage = ({ data }) => {
        if (data.run === run && data.viewer !== viewer) this.mine = false;
      };
    }
    this.claim();
  }

  /** This viewer was opened or focused: from now on it is the one that answers. */
  claim(): void {
    this.mine = true;
    this.channel?.postMessage({ run: this.run, viewer: this.viewer });
  }

  get answers(): boolean {
    return this.mine;
  }

  close(): void {
    this.channel?.close();
  }
}

export function openClaimChannel(): ClaimChannel | null {
  if (typeof BroadcastChannel === "undefined") return null;
  return new BroadcastChannel("flightboard-terminal-answers") as unknown as ClaimChannel;
}
