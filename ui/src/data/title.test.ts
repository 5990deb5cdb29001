import { expect, test } from "vitest";
import { titleProblem } from "./title";

test.each(["", "   ", "\n"])("an empty title is refused", (title) => {
  expect(titleProblem(title)).toBe("A card needs a title.");
});

test("500 characters are fine, emoji counted as one; 501 are not", () => {
  expect(titleProblem("🛫".repeat(500))).toBeNull();
  expect(titleProblem("x".repeat(501))).toBe("The title has 501 characters; 500 is the most.");
});
