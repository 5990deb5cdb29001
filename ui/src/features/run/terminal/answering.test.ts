import { describe, expect, it } from "vitest";
import { AnsweringViewer, type ClaimChannel } from "./answering";

/** Channels that hear each other but not themselves, as BroadcastChannel does. */
function ether() {
  const channels: ClaimChannel[] = [];
  return (): ClaimChannel => {
    const channel: ClaimChannel = {
      onmessage: null,
      postMessage: (data) => {
        for (const other of channels) if (other !== channel) other.onmessage?.({ data });
      },
      close: () => {
        channels.splice(channels.indexOf(channel), 1);
      },
    };
    channels.push(channel);
    return channel;
  };
}

describe("the viewer that answers queries", () => {
  it("is the only one there is", () => {
    expect(new AnsweringViewer(1, "a", null).answers).toBe(true);
  });

  it("is the newest of two, until the older one is focused", () => {
    const channel = ether();
    const first = new AnsweringViewer(1, "a", channel());
    const second = new AnsweringViewer(1, "b", channel());
    expect([first.answers, second.answers]).toEqual([false, true]);
    first.claim();
    expect([first.answers, second.answers]).toEqual([true, false]);
  });

  it("is chosen for each run by itself", () => {
    const channel = ether();
    const first = new AnsweringViewer(1, "a", channel());
    const other = new AnsweringViewer(2, "b", channel());
    expect([first.answers, other.answers]).toEqual([true, true]);
  });
});
