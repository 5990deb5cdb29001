import { expect, test } from "vitest";
import { askedOf } from "./question";

test.each([
  ["Which colour?", "Which colour?", []],
  ["Which colour?\n\n- red\n- dark blue", "Which colour?", ["red", "dark blue"]],
  ["These are open:\n\n- a\n- b\n\nWhich first?", "These are open:\n\n- a\n- b\n\nWhich first?", []],
  ["One\n\ntwo\n\n- yes", "One\n\ntwo", ["yes"]],
  ["- red\n- blue", "- red\n- blue", []],
])("%j", (text, words, offers) => {
  expect(askedOf(text)).toEqual({ words, offers });
});
