import { expect, test } from "vitest";
import { matcher } from "./filter";
import { aCard, aRun } from "./test-cards";

const card = aCard(12, {
  title: "Fix the Login button",
  tags: ["bug", "UI"],
  project: 3,
  run: aRun("working", { agent: "codex" }),
});

test.each([
  ["", true],
  ["login", true],
  ["LOGIN fix", true],
  ["login logout", false],
  ["t-12", true],
  ["12", true],
  ["t-1", false],
  ["1", false],
  ["#bug", true],
  ["#ui", true],
  ["#login", false],
  ["codex", true],
  ["   ", true],
])("“%s” finds the card: %s", (text, found) => {
  expect(matcher({ text, project: null })(card)).toBe(found);
});

test("a project's board shows only its own cards", () => {
  expect(matcher({ text: "", project: 3 })(card)).toBe(true);
  expect(matcher({ text: "", project: 4 })(card)).toBe(false);
  expect(matcher({ text: "", project: 4 })(aCard(1))).toBe(false);
});
