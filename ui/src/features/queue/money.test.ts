import { expect, test } from "vitest";
import budget from "../../../../src-tauri/crates/domain/src/budget.rs?raw";
import policy from "../../../../src-tauri/crates/domain/src/policy.rs?raw";
import { draftsOf, policyOf } from "./ModelsForm";
import { budgetOf, dollars, draftOf, priceDrafts, pricesOf, SENTENCES } from "./money";
import { tagsOf } from "./SharingForm";

test("every refusal is a sentence of the engine's", () => {
  const source = `${budget}${policy}`.replaceAll("{NAME_MAX}", "100");
  for (const sentence of Object.values(SENTENCES)) expect(source).toContain(`"${sentence}"`);
});

test("a budget comes back from its form as it went in", () => {
  const kept = { micros: 12_340_000, tokens: 5_000_000, wall: 90 * 60_000, warn_at: 0.75, at_limit: "ask" as const };
  expect(budgetOf(draftOf(kept))).toEqual({ budget: kept });
  expect(budgetOf(draftOf({}))).toEqual({
    budget: { micros: null, tokens: null, wall: null, warn_at: 0.8, at_limit: "stop" },
  });
});

test("what is no budget says why, box by box", () => {
  const draft = draftOf({});
  expect(budgetOf({ ...draft, money: "-1", tokens: "1.5", minutes: "soon", warn: "120" })).toEqual({
    errors: {
      money: "a budget cannot be negative",
      tokens: "A whole number, or nothing.",
      minutes: "A number, or nothing.",
      warn: "the warning share is between 0 and 1 (100 %)",
    },
  });
});

test.each([
  ["", { value: null }],
  ["$5", { value: 5_000_000 }],
  [" 0.000001 ", { value: 1 }],
  [".5", { value: 500_000 }],
  ["1e3", { error: "A number, or nothing." }],
  ["99999999999999", { error: "A number, or nothing." }],
])("dollars: %s", (text, expected) => {
  expect(dollars(text)).toEqual(expected);
});

test("prices come back as they went in, and one wrong price saves none", () => {
  const prices = { "gpt-5": { input: 1_250_000, output: 10_000_000, cache_read: 125_000, cache_write: 1_250_000 } };
  const drafts = priceDrafts(prices);
  expect(pricesOf(drafts)).toEqual(prices);
  const [draft] = drafts;
  if (!draft) throw new Error("a price is missing");
  expect(pricesOf([draft, { ...draft, name: " gpt-5 " }])).toBeNull();
  expect(pricesOf([{ ...draft, name: " " }])).toBeNull();
  expect(pricesOf([{ ...draft, parts: { ...draft.parts, output: "-1" } }])).toBeNull();
});

test("models and costs come back as they went in; an agent without a word is left out", () => {
  const policy = { models: { claude: { review: "opus" } }, costs: { codex: 2_000_000 }, parallel: 2 };
  const drafts = draftsOf(policy);
  expect(policyOf(policy, drafts)).toEqual(policy);
  const [first, ...rest] = drafts;
  if (!first) throw new Error("an agent is missing");
  expect(policyOf(policy, [{ ...first, models: { ...first.models, review: " " } }, ...rest])?.models).toEqual({});
  expect(policyOf(policy, [{ ...first, cost: "-2" }])).toBeNull();
  expect(policyOf(policy, [{ ...first, models: { ...first.models, code: "x".repeat(101) } }])).toBeNull();
});

test("tags that take turns are each there once and are tags", () => {
  expect(tagsOf(["#team-a", "team b", "", "team-a"])).toEqual(["team-a", "team b"]);
  expect(tagsOf(["a,b"])).toBe("“a,b” is not a tag; a tag is 1 to 50 characters without commas or line breaks");
  expect(tagsOf(Array.from({ length: 21 }, (_, at) => String(at)))).toBe("at most 20 names can be listed");
});
