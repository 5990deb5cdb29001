import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { compareClocks, everyMinute, everySecond, formatAge, formatElapsed, formatUntil, serverNow } from "./clock";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  [0, "0:00"],
  [7_999, "0:07"],
  [724_000, "12:04"],
  [11_109_000, "3:05:09"],
  [-5_000, "0:00"],
])("%i ms have gone: %s", (ms, text) => {
  expect(formatElapsed(ms)).toBe(text);
});

test.each([
  [59_000, "now"],
  [60_000, "1 min"],
  [7_200_000, "2 h"],
  [86_400_000, "1 d"],
  [8 * 86_400_000, "1 w"],
  [-9_000, "now"],
])("%i ms ago: %s", (ms, text) => {
  expect(formatAge(1e12 - ms, 1e12)).toBe(text);
});

test.each([everySecond, everyMinute])("one timer serves all, and none runs when nothing does", (every) => {
  const stops = [every(() => {}), every(() => {})];
  expect(vi.getTimerCount()).toBe(1);
  for (const stop of stops) stop();
  expect(vi.getTimerCount()).toBe(0);
});

test("the server's clock counts, not ours", () => {
  compareClocks(Date.now() + 60_000, Date.now(), Date.now());
  const heard: number[] = [];
  const stop = everySecond((now) => heard.push(now - Date.now()));
  vi.advanceTimersByTime(1_000);
  stop();
  compareClocks(Date.now(), Date.now(), Date.now());
  expect(heard).toEqual([60_000, 60_000]);
});

test("an answer that was long on its way does not set the clock back by all of it", () => {
  const asked = Date.now();
  // Halfway on its clock, which is as ours.
  const said = asked + 1_500;
  vi.advanceTimersByTime(3_000);
  compareClocks(said, asked, Date.now());
  expect(serverNow() - Date.now()).toBe(0);
});

test.each([
  [-1, "now"],
  [59_000, "now"],
  [5 * 60_000, "in 5 min"],
  [3 * 3_600_000, "in 3 h"],
  [47 * 3_600_000, "in 47 h"],
  [72 * 3_600_000, "in 3 d"],
])("%i ms are left: %s", (ms, text) => {
  expect(formatUntil(ms, 0)).toBe(text);
});
