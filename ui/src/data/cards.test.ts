import { expect, test, vi } from "vitest";
import { Cards } from "./cards";
import { aCard, aRun } from "./test-cards";

function holding(...cards: ReturnType<typeof aCard>[]): Cards {
  const store = new Cards();
  store.replaceAll({ cards });
  return store;
}

const live = { run: 1, status: "working", lastLine: "cargo test", outputBytes: 10 } as const;

test("an update about one card is heard by that card alone", () => {
  const cards = holding(aCard(1), aCard(2));
  const one = vi.fn();
  const two = vi.fn();
  cards.listen("card:1", one);
  cards.listen("card:2", two);
  cards.put(aCard(1, { artifacts: 3 }));
  expect(one).toHaveBeenCalledOnce();
  expect(two).not.toHaveBeenCalled();
});

test("the same card again is no news", () => {
  const cards = holding(aCard(1));
  const heard = vi.fn();
  cards.listen("card:1", heard);
  cards.listen("column:inbox", heard);
  cards.put(aCard(1));
  expect(heard).not.toHaveBeenCalled();
});

test("a live run's line leaves the column's order alone", () => {
  const cards = holding(aCard(1, { status: "in_progress", run: aRun("working") }));
  const column = cards.column("in_progress");
  cards.setLive(1, live);
  cards.put(aCard(1, { status: "in_progress", run: aRun("working", { last_line: "x" }) }));
  expect(cards.column("in_progress")).toBe(column);
  expect(cards.liveOf(1)?.lastLine).toBe("cargo test");
});

test("a moved card leaves one column and enters the other", () => {
  const cards = holding(aCard(1), aCard(2), aCard(3, { status: "ready" }));
  const ready = vi.fn();
  const done = vi.fn();
  cards.listen("column:ready", ready);
  cards.listen("column:done", done);
  cards.put(aCard(1, { status: "ready", priority: 9 }));
  expect(cards.column("inbox")).toEqual([2]);
  expect(cards.column("ready")).toEqual([1, 3]);
  expect(ready).toHaveBeenCalledOnce();
  expect(done).not.toHaveBeenCalled();
});

test("a card in the trash leaves its column and comes back when restored", () => {
  const cards = holding(aCard(1), aCard(2));
  cards.put(aCard(1, { trashed: true }));
  expect(cards.column("inbox")).toEqual([2]);
  cards.put(aCard(1));
  expect(cards.column("inbox")).toEqual([1, 2]);
});

test("a card that was asked for and not answered is gone", () => {
  const cards = holding(aCard(1), aCard(2));
  cards.update([1, 2], [aCard(2, { title: "Still here" })]);
  expect(cards.card(1)).toBeUndefined();
  expect(cards.column("inbox")).toEqual([2]);
  expect(cards.card(2)?.title).toBe("Still here");
});

test("a whole new board forgets what it does not name", () => {
  const cards = holding(aCard(1), aCard(2));
  const heard = vi.fn();
  cards.listen("card:1", heard);
  cards.replaceAll({ cards: [aCard(2)] });
  expect(cards.card(1)).toBeUndefined();
  expect(heard).toHaveBeenCalledOnce();
});

test("the live line goes when its run has ended", () => {
  const cards = holding(aCard(1, { status: "in_progress", run: aRun("working") }));
  cards.setLive(1, live);
  cards.put(aCard(1, { status: "review", run: aRun("succeeded", { ended_at: 9 }) }));
  expect(cards.liveOf(1)).toBeUndefined();
  cards.setLive(1, live);
  expect(cards.liveOf(1), "a late line of an ended run").toBeUndefined();
});

test("whoever stopped listening hears nothing", () => {
  const cards = holding(aCard(1));
  const heard = vi.fn();
  cards.listen("card:1", heard)();
  cards.put(aCard(1, { title: "New" }));
  expect(heard).not.toHaveBeenCalled();
});
