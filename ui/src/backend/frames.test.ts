import { expect, test } from "vitest";
import type { TerminalHandlers } from "./backend";
import { deliverFrame } from "./frames";

function heard(...frame: number[]): unknown[] {
  const news: unknown[] = [];
  const to: TerminalHandlers = {
    onOutput: (bytes) => news.push(["output", ...bytes]),
    onReset: (bytes) => news.push(["reset", ...bytes]),
    onSize: (cols, rows) => news.push(["size", cols, rows]),
    onExited: (exit) => news.push(["exited", exit]),
    onEarlier: (offset) => news.push(["earlier", offset]),
    onClosed: () => news.push(["closed"]),
  };
  // In the middle of a larger buffer, as transports hand them out.
  const buffer = new Uint8Array([99, ...frame, 99]);
  deliverFrame(buffer.subarray(1, 1 + frame.length), to);
  return news;
}

const text = (words: string) => [...new TextEncoder().encode(words)];

test.each<[string, number[], unknown[]]>([
  ["output, bytes as they are", [0, 0xff, 0x1b, 0], [["output", 0xff, 0x1b, 0]]],
  ["an empty output", [0], [["output"]]],
  ["a snapshot", [1, 65], [["reset", 65]]],
  ["a size, little end first", [2, 0x2c, 0x01, 24, 0], [["size", 300, 24]]],
  [
    "the end",
    [3, ...text('{"code":1,"signal":null,"ended_at":5}')],
    [["exited", { code: 1, signal: null, ended_at: 5 }]],
  ],
  ["what was left out", [4, 0, 0, 0, 0, 1, 0, 0, 0], [["earlier", 2 ** 32]]],
  ["a kind from the future", [200, 1, 2], []],
  ["nothing", [], []],
])("%s", (_, frame, news) => {
  expect(heard(...frame)).toEqual(news);
});
