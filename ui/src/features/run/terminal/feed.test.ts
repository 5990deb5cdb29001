import { describe, expect, it } from "vitest";
import { ACK_EVERY, TerminalFeed } from "./feed";

/** A terminal that parses only when told, as xterm does between frames. */
function slowTerminal() {
  const queue: { data: Uint8Array; done: () => void }[] = [];
  return {
    queue,
    write(data: Uint8Array, done: () => void) {
      queue.push({ data, done });
    },
    parseNext() {
      queue.shift()?.done();
    },
    parseAll() {
      while (queue.length > 0) queue.shift()?.done();
    },
  };
}

function feed() {
  const terminal = slowTerminal();
  const acks: number[] = [];
  return { terminal, acks, feed: new TerminalFeed(terminal, (n) => acks.push(n)) };
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

describe("a terminal's feed", () => {
  it("acknowledges nothing before the terminal has parsed it", () => {
    const f = feed();
    f.feed.output(new Uint8Array(100));
    expect(f.acks).toEqual([]);
    f.terminal.parseAll();
    expect(f.acks).toEqual([100]);
  });

  it("merges the acks of a burst but sends the last one at once", () => {
    const f = feed();
    for (let i = 0; i < 3; i++) f.feed.output(new Uint8Array(10));
    f.terminal.parseNext();
    f.terminal.parseNext();
    expect(f.acks).toEqual([]);
    f.terminal.parseNext();
    expect(f.acks).toEqual([30]);
  });

  it("does not let a long burst starve the server of acks", () => {
    const f = feed();
    for (let i = 0; i < 10; i++) f.feed.output(new Uint8Array(ACK_EVERY));
    f.terminal.parseNext();
    expect(f.acks).toEqual([ACK_EVERY]);
  });

  it("acknowledges every byte exactly once, whatever the order", () => {
    const f = feed();
    let sent = 0;
    for (let i = 1; i <= 50; i++) {
      const bytes = (i * 7919) % 9000;
      sent += bytes;
      if (i % 9 === 0) f.feed.reset(new Uint8Array(bytes));
      else f.feed.output(new Uint8Array(bytes));
      if (i % 3 === 0) f.terminal.parseNext();
    }
    f.terminal.parseAll();
    expect(sum(f.acks)).toBe(sent);
    expect(f.acks.every((n) => n > 0)).toBe(true);
  });

  it("puts a full reset before a snapshot, behind output that is still unparsed", () => {
    const f = feed();
    f.feed.output(Uint8Array.of(65));
    f.feed.reset(Uint8Array.of(66));
    expect(f.terminal.queue.map((w) => [...w.data])).toEqual([[65], [0x1b, 0x63, 66]]);
  });

  it("counts only the snapshot's own bytes, not the reset it added", () => {
    const f = feed();
    f.feed.reset(new Uint8Array(5));
    f.terminal.parseAll();
    expect(f.acks).toEqual([5]);
  });

  it("is replaying until the last of several snapshots is parsed", () => {
    const f = feed();
    expect(f.feed.replaying).toBe(false);
    f.feed.reset(new Uint8Array(1));
    f.feed.reset(new Uint8Array(1));
    f.terminal.parseNext();
    expect(f.feed.replaying).toBe(true);
    f.terminal.parseNext();
    expect(f.feed.replaying).toBe(false);
  });
});
