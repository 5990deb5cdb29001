import { expect, test } from "vitest";
import { sceneOf } from "../../backend/fake-scene";
import type { Agent } from "../../bindings";
import { BLANK, draftOf, profileOf, requestFor, requestOf } from "./draft";

function scout(fields: Partial<Agent> = {}): Agent {
  const [claude] = sceneOf("empty").agents;
  return {
    ...(claude as Agent),
    name: "scout",
    title: "The Scout",
    kind: "custom",
    builtin: false,
    program: "my-scout",
    profile: { program: "my-scout", args: ["--x", "a b"], env: [["REGION", "eu"]], pass_env: ["KEY"], install: "make" },
    role: "reviewer",
    instructions: "Look twice.",
    skills: ["rust"],
    max_capacity: 3,
    model: "opus",
    registered_at: 1,
    ...fields,
  };
}

test("an agent that is opened and saved is sent as it was", () => {
  const agent = scout();
  const sent = requestOf(draftOf(agent), agent);
  expect(sent).toEqual({
    name: "scout",
    kind: "custom",
    title: "The Scout",
    profile: agent.profile,
    role: "reviewer",
    instructions: "Look twice.",
    skills: ["rust"],
    max_capacity: 3,
    model: "opus",
    enabled: true,
    retry: {},
    breaker: { rule: null },
  });
  expect(requestFor(agent)).toEqual(sent);
});

test("attempts and the breaker are the agent's own once they are typed", () => {
  const sent = requestOf({ ...BLANK, name: "scout", retries: "4", threshold: "5", coolDown: "2" });
  expect(sent.retry?.timeout?.max).toBe(4);
  expect(sent.breaker?.rule).toEqual({ threshold: 5, cool_down: 120_000, longest: 3_600_000 });
  const agent = scout({ retry: sent.retry ?? {}, breaker: sent.breaker?.rule ?? null });
  expect(draftOf(agent)).toMatchObject({ retries: "4", threshold: "5", coolDown: "2" });
  const back = requestOf({ ...draftOf(agent), retries: "", threshold: "" }, agent);
  expect([back.retry, back.breaker]).toEqual([{}, { rule: null }]);
});

test("a built-in agent that nothing was changed about has nothing to send of its own", () => {
  const [claude] = sceneOf("empty").agents as [Agent];
  expect(draftOf(claude).title).toBe("");
  expect(requestOf(draftOf(claude), claude).profile).toEqual({});
});

test("a variable is a name to pass on, or a name with a value in the clear; a nameless one is dropped", () => {
  const variables = [
    { id: 0, name: " KEY ", value: null },
    { id: 1, name: "REGION", value: "eu" },
    { id: 2, name: "EMPTY", value: "" },
    { id: 3, name: " ", value: "lost" },
  ];
  expect(profileOf({ ...BLANK, variables })).toEqual({
    pass_env: ["KEY"],
    env: [
      ["REGION", "eu"],
      ["EMPTY", ""],
    ],
  });
});

test("what is emptied goes back to what the kind has, and what the dialog does not show is kept", () => {
  const agent = scout();
  const emptied = { ...draftOf(agent), program: " ", args: [""], variables: [] };
  expect(requestOf(emptied, agent).profile).toEqual({ install: "make" });
});

test.each([
  ["3", 3],
  ["", 0],
  ["-1", -1],
  ["many", 0],
])("a capacity of “%s” is sent as %d, for the engine to judge", (capacity, sent) => {
  expect(requestOf({ ...BLANK, capacity }).max_capacity).toBe(sent);
});
