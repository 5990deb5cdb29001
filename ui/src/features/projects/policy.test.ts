import { expect, test } from "vitest";
import type { ProjectSettings } from "../../bindings";
import { policyOf, settingsOf } from "./policy";

const SETTINGS: ProjectSettings = {
  base: "main",
  budget: { micros: 5_000_000, warn_at: 0.5, at_limit: "ask" },
  retry: { lost: { max: 9, backoff: { kind: "immediate" } } },
  gate: [{ kind: "person" }],
};

test("what is not touched stays as it is", () => {
  const saved = settingsOf(SETTINGS, policyOf(SETTINGS));
  expect(saved).toEqual({
    ...SETTINGS,
    dispatch: false,
    limit: null,
    repository_limit: null,
    paused: null,
    escalation: { failures: 3, minutes: 1_440, workflow: 3, hand_over: false, pause: false },
    limits: { setup: null, longest: null, idle: null, expected_quiet: null, review: null },
  });
});

test("attempts are set for what another attempt may mend, and taken away again", () => {
  const draft = { ...policyOf(SETTINGS), dispatch: true, limit: "2", repositoryLimit: "1", retries: "4" };
  const saved = settingsOf(SETTINGS, draft);
  expect(saved).toMatchObject({ dispatch: true, limit: 2, repository_limit: 1, budget: SETTINGS.budget });
  expect(saved?.retry?.timeout?.max).toBe(4);
  expect(saved?.retry?.lost).toEqual(SETTINGS.retry?.lost);
  expect(saved?.retry?.review_rejected).toBeUndefined();
  expect(saved && policyOf(saved).retries).toBe("4");
  const back = saved && settingsOf(saved, { ...policyOf(saved), retries: "" });
  expect(back?.retry).toEqual(SETTINGS.retry);
});

test("calling a person is set, and an empty box is never", () => {
  const draft = { ...policyOf(SETTINGS), callAfter: "2", callAfterMinutes: "", pauseThen: true };
  const saved = settingsOf(SETTINGS, draft);
  expect(saved?.escalation).toEqual({ failures: 2, minutes: null, workflow: 3, hand_over: false, pause: true });
  expect(saved && policyOf(saved).callAfterMinutes).toBe("");
  expect(settingsOf(SETTINGS, { ...draft, stopWorkflow: "some" })).toBeNull();
});

test("a pause without a reason still pauses, and nonsense is not saved", () => {
  const draft = policyOf(SETTINGS);
  expect(settingsOf(SETTINGS, { ...draft, paused: true })?.paused).toBe("paused by you");
  expect(settingsOf(SETTINGS, { ...draft, paused: true, reason: " release week " })?.paused).toBe("release week");
  expect(settingsOf(SETTINGS, { ...draft, limit: "many" })).toBeNull();
  expect(settingsOf(SETTINGS, { ...draft, repositoryLimit: "one" })).toBeNull();
});
