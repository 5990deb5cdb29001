import { expect, test } from "vitest";
import type { Board, Card, Event } from "../bindings";
import { Feed, markStale, nothingStale, type Stale } from "./feed";
import { aCard } from "./test-cards";

const changed = (seq: number, tasks: number[], also: Partial<Extract<Event, { type: "changed" }>> = {}): Event => ({
  type: "changed",
  seq,
  tasks,
  projects: false,
  agents: false,
  settings: false,
  schedules: false,
  webhooks: false,
  keys: false,
  ...also,
});

test("events fold into what is stale", () => {
  const events = [changed(11, [1, 2]), changed(12, [2, 3], { projects: true }), changed(13, [], { agents: true })];
  const stale = events.reduce((so, event) => markStale(so, event, 10), nothingStale());
  expect(stale).toEqual({
    tasks: new Set([1, 2, 3]),
    everything: false,
    projects: true,
    agents: true,
    settings: false,
    schedules: false,
    webhooks: false,
    keys: false,
    overview: true,
  });
});

test("a change that the board already includes is no news", () => {
  expect(markStale(nothingStale(), changed(10, [1]), 10)).toEqual(nothingStale());
});

test("what is in no log is news whatever the board includes, and leaves the counts alone", () => {
  const stale = markStale(nothingStale(), changed(0, [], { agents: true, webhooks: true }), 10);
  expect(stale).toEqual({ ...nothingStale(), agents: true, webhooks: true });
});

test("missed events make everything stale", () => {
  expect(markStale(nothingStale(), { type: "resync" }, 0).everything).toBe(true);
});

/** A feed over a world that answers when told to, and writes down what it was asked. */
function aFeed(options: { failFirst?: boolean } = {}) {
  const asked: string[] = [];
  const invalidated: Stale[] = [];
  const taken: number[][] = [];
  let fail = options.failFirst ?? false;
  const feed = new Feed(
    {
      getBoard: async (): Promise<Board> => {
        asked.push("board");
        return { seq: 100, now: 0, cards: [] };
      },
      getCards: async (ids): Promise<Card[]> => {
        asked.push(`cards ${ids.join(",")}`);
        if (fail) {
          fail = false;
          throw new Error("engine away");
        }
        return ids.map((id) => aCard(id));
      },
    },
    {
      takeBoard: () => {},
      takeCards: (ids) => taken.push(ids),
      takeLive: (event) => asked.push(`live ${event.task}`),
      invalidate: (stale) => invalidated.push(stale),
    },
    0,
  );
  return { feed, asked, invalidated, taken };
}

test("a burst of events costs one question", async () => {
  const { feed, asked, invalidated } = aFeed();
  feed.hear(changed(1, [1]));
  feed.hear(changed(2, [1, 2]));
  feed.hear(changed(3, [3]));
  await feed.settled();
  expect(asked).toEqual(["cards 1,2,3"]);
  expect(invalidated).toHaveLength(1);
});

test("what happens during a question is asked afterwards, never at the same time", async () => {
  const { feed, asked } = aFeed();
  feed.hear(changed(1, [1]));
  await Promise.resolve();
  feed.hear(changed(2, [2]));
  await feed.settled();
  feed.hear(changed(3, [3]));
  await feed.settled();
  expect(asked.join(" | ")).toMatch(/cards 1(,2)?( \| cards 2)? \| cards 3/);
});

test("a resync asks for the board, and events up to its number are then old", async () => {
  const { feed, asked } = aFeed();
  feed.hear({ type: "resync" });
  await feed.settled();
  feed.hear(changed(100, [7]));
  await feed.settled();
  expect(asked).toEqual(["board"]);
});

test("a question that failed is asked again with what came in between", async () => {
  const { feed, asked, taken } = aFeed({ failFirst: true });
  feed.hear(changed(1, [1]));
  await feed.settled();
  expect(asked).toEqual(["cards 1", "cards 1"]);
  expect(taken).toEqual([[1]]);
});

test("a flood of changed cards asks for the board instead", async () => {
  const { feed, asked } = aFeed();
  feed.hear(
    changed(
      1,
      Array.from({ length: 501 }, (_, id) => id),
    ),
  );
  await feed.settled();
  expect(asked).toEqual(["board"]);
});

test("live lines pass straight through", () => {
  const { feed, asked } = aFeed();
  feed.hear({ type: "live", task: 4, run: 1, status: "working", last_line: "x", output_bytes: 1 });
  expect(asked).toEqual(["live 4"]);
});
