import { expect, test } from "vitest";
import type { Backoff, RetryPolicy } from "../bindings";
import { isWait, retryDraft, retryOf, retryWords, waitOf, waitText } from "./retries";

test.each<[string, Backoff | undefined]>([
  ["0", { kind: "immediate" }],
  [" 30 ", { kind: "fixed", wait: 30_000 }],
  ["10-300", { kind: "exponential", first: 10_000, cap: 300_000, jitter: 0.2 }],
  ["10 - 300 ~ 5", { kind: "exponential", first: 10_000, cap: 300_000, jitter: 0.05 }],
  ["10-300~0", { kind: "exponential", first: 10_000, cap: 300_000, jitter: 0 }],
  ["soon", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["30~20", undefined],
  ["10-", undefined],
  ["10-300~", undefined],
])("“%s” is read as the command line reads it", (text, backoff) => {
  expect(waitOf(text)).toEqual(backoff);
  if (backoff) expect(waitOf(waitText(backoff))).toEqual(backoff);
  expect(isWait(text)).toBe(backoff !== undefined);
});

test("attempts and waits are set apart, shown again, and taken away together", () => {
  const before: RetryPolicy = { lost: { max: 9, backoff: { kind: "immediate" } } };
  expect(retryDraft(before)).toEqual({ retries: "", wait: "" });
  const waits = retryOf(before, { retries: "", wait: "0" }) ?? {};
  expect(waits.timeout).toEqual({ max: 1, backoff: { kind: "immediate" } });
  expect(waits.could_not_start).toEqual({ max: 4, backoff: { kind: "immediate" } });
  expect(retryDraft(waits)).toEqual({ retries: "", wait: "0" });
  const both = retryOf(waits, { retries: "3", wait: "0" }) ?? {};
  expect(both.timeout).toEqual({ max: 3, backoff: { kind: "immediate" } });
  expect(retryWords(both)).toBe("3 after the first attempt, at once");
  const growing = retryOf(both, { retries: "3", wait: "5-60~10" }) ?? {};
  expect(retryWords(growing)).toBe("3 after the first attempt, 5-60~10 s apart");
  expect(growing.lost).toEqual(before.lost);
  expect(retryOf(growing, { retries: "", wait: "" })).toEqual(before);
  expect(retryOf(growing, { retries: "some", wait: "" })).toBeNull();
  expect(retryOf(growing, { retries: "3", wait: "soon" })).toBeNull();
});

test("rules that no two boxes can show are left as they are until a box is changed", () => {
  const fixed = { kind: "fixed", wait: 7_000 } as const;
  const before: RetryPolicy = { timeout: { max: 6, backoff: fixed } };
  const shown = retryDraft(before);
  expect(retryOf(before, shown)).toBe(before);
  expect(retryOf(before, { ...shown, retries: "2" })?.timeout).toEqual({ max: 2, backoff: fixed });
});
