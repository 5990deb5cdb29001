import { expect, test } from "vitest";
import { nothingStale } from "./feed";
import { planWatch } from "./planWatch";

/** Counts the questions, and answers each when told to. */
function engine() {
  const open: (() => void)[] = [];
  let asked = 0;
  const invalidateQueries = () => {
    asked += 1;
    return new Promise<void>((answer) => open.push(answer));
  };
  const answer = async () => {
    open.shift()?.();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { changed: planWatch({ invalidateQueries }), asked: () => asked, answer };
}

const aChange = { ...nothingStale(), tasks: new Set([1]), overview: true };

test("a burst of changes costs one question and one more for what came meanwhile", async () => {
  const { changed, asked, answer } = engine();
  for (let at = 0; at < 50; at += 1) changed(aChange);
  expect(asked()).toBe(1);
  await answer();
  expect(asked()).toBe(2);
  await answer();
  expect(asked()).toBe(2);
  changed(aChange);
  expect(asked()).toBe(3);
});

test("what moves no plan asks nothing", () => {
  const { changed, asked } = engine();
  changed({ ...nothingStale(), schedules: true, overview: true });
  expect(asked()).toBe(0);
});
