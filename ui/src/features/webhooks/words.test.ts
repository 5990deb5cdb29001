import { expect, test } from "vitest";
import type { Delivery, Webhook } from "../../bindings";
import { attemptWords, laidOut, sentAs, stateOf } from "./words";

const MINUTE = 60_000;
const webhook = (fields: Partial<Webhook>) =>
  ({ enabled: true, failures: 0, resting_until: null, ...fields }) as Webhook;
const delivery = (fields: Partial<Delivery>) =>
  ({ state: "waiting", attempts: 0, next_at: null, code: null, took: null, ...fields }) as Delivery;

test.each([
  [{}, "on", undefined],
  [{ failures: 1 }, "failing", "1 failure in a row"],
  [{ failures: 5, resting_until: 10 * MINUTE }, "resting", "5 failures in a row; tried again in 10 min"],
  [{ failures: 5, resting_until: 30_000 }, "resting", "5 failures in a row; tried again within a minute"],
  [{ failures: 5, resting_until: -1 }, "failing", "5 failures in a row"],
  [{ enabled: false, failures: 2 }, "paused", undefined],
])("a webhook with %j is %s", (fields, word, why) => {
  expect(stateOf(webhook(fields), 0)).toMatchObject({ word, ...(why && { why }) });
});

test.each([
  [{}, "waiting", undefined],
  [{ attempts: 2, next_at: 5 * MINUTE }, "trying again", "next attempt in 5 min"],
  [{ state: "delivered" as const, attempts: 1 }, "delivered", undefined],
  [{ state: "given_up" as const, attempts: 8 }, "given up", undefined],
])("a message with %j is %s", (fields, word, why) => {
  expect(sentAs(delivery(fields), 0)).toMatchObject({ word, ...(why && { why }) });
});

test("the newest attempt is told with its answer, its time and how many there were", () => {
  expect(attemptWords(delivery({}))).toBeNull();
  expect(attemptWords(delivery({ attempts: 1, code: 200, took: 34 }))).toBe("200 in 34 ms");
  expect(attemptWords(delivery({ attempts: 3, took: 15_000 }))).toBe("no answer in 15000 ms, 3 attempts");
});

test("a body is laid out, and left as it is where it is no JSON", () => {
  expect(laidOut('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(laidOut("{")).toBe("{");
});
