import { expect, test } from "vitest";
import { isMinutes, limitDraft, limitsOf } from "./limits";

test("limits are typed in minutes, kept in seconds, and come back as they were", () => {
  const limits = { setup: null, longest: 5_400, idle: 90, expected_quiet: null, review: 1_200 };
  const draft = limitDraft(limits);
  expect(draft).toEqual({ setup: "", longest: "90", idle: "1.5", expected_quiet: "", review: "20" });
  expect(limitsOf(draft)).toEqual(limits);
  expect(limitsOf({ ...draft, idle: "soon" })).toBeNull();
});

test("no limit is an empty box and not a zero", () => {
  expect(["", " 2 ", "0.5"].every(isMinutes)).toBe(true);
  expect(["0", "-1", "1,5", "x"].some(isMinutes)).toBe(false);
});
