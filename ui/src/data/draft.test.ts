import { expect, test } from "vitest";
import { dateInMs, splitTags } from "./draft";

test.each<[string, string[]]>([
  ["", []],
  [" , ,", []],
  ["bug, docs", ["bug", "docs"]],
  ["#bug,bug , two words", ["bug", "two words"]],
])("“%s” are the tags %j", (text, tags) => {
  expect(splitTags(text)).toEqual(tags);
});

test("a due date is the end of that day here", () => {
  expect(dateInMs("2026-11-30")).toBe(new Date(2026, 10, 30, 23, 59, 59).getTime());
  expect(dateInMs("")).toBeNull();
  expect(dateInMs("tomorrow")).toBeNull();
});
