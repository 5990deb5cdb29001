import { expect, test } from "vitest";
import table from "../../../src-tauri/crates/domain/tests/filters.json";
import { type Filter, isEmpty, isNarrowed, matcher, ruleOf, sameRule } from "./filter";
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

test("the board and the engine let the same cards through", () => {
  for (const { says, filter, passes } of table.cases) {
    const { text = "", project = null, ...rest } = filter as Partial<Filter>;
    const fits = matcher({ text, project, ...rest }, { now: table.now, ends: table.day_ends });
    const shown = table.cards.filter(({ id, agent, ...fields }) =>
      fits(aCard(id, { ...fields, run: agent === null ? null : aRun("succeeded", { agent }) })),
    );
    expect(
      shown.map(({ id }) => id),
      says,
    ).toEqual(passes);
  }
});

test("a filter is found again by what it lets through, however it was written down", () => {
  const filter: Filter = { text: " a ", project: null, tags: ["bug"] };
  expect(sameRule(ruleOf(filter), { text: "a", tags: ["bug"] })).toBe(true);
  expect(sameRule(ruleOf(filter), { text: "a", tags: ["bug"], due: "week" })).toBe(false);
  expect([isEmpty(filter), isNarrowed({ text: "a", project: 1 }), isNarrowed(filter)]).toEqual([false, false, true]);
});
