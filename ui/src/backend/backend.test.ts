import { expect, test } from "vitest";
import { asProblem, safeUrl } from "./backend";

test.each([
  ["https://example.org/a b", "https://example.org/a%20b"],
  ["HTTP://example.org", "http://example.org/"],
  ["mailto:ada@example.org", "mailto:ada@example.org"],
  ["javascript:alert(1)", null],
  ["file:///etc/passwd", null],
  ["data:text/html,x", null],
  ["vscode://open", null],
  ["not a link", null],
])("%s opens as %s", (url, safe) => {
  expect(safeUrl(url)).toBe(safe);
});

test("a problem stays as it is and anything else becomes one", () => {
  const problem = { code: "conflict", message: "m", next: "n" } as const;
  expect(asProblem(problem)).toBe(problem);
  expect(asProblem(new Error("boom"))).toEqual({ code: "internal", message: "boom", next: null });
  expect(asProblem("boom")).toEqual({ code: "internal", message: "boom", next: null });
  expect(asProblem({ code: "made up", message: "m" }).code).toBe("internal");
});
