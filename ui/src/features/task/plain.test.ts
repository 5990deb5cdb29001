import { describe, expect, it } from "vitest";
import { plain } from "./plain";

describe("Markdown in one plain line", () => {
  it.each([
    ["## Done\n\nAll **three** parts _work_.", "Done All three parts work."],
    ["- one\n- [x] two\n1. three\n> four", "one two three four"],
    ["see [the plan](https://example.com/a_b) and ![a chart](x.svg)", "see the plan and a chart"],
    ["run `cargo test` first", "run cargo test first"],
    ["```sh\nnpm test\n```\n\n---\nafter", "npm test after"],
    ["| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"],
    ["snake_case_name and 2 * 3 * 4 stay", "snake_case_name and 2 * 3 * 4 stay"],
    ["#42 and T-1 > T-2 stay", "#42 and T-1 > T-2 stay"],
    ["", ""],
  ])("%j", (markdown, words) => {
    expect(plain(markdown)).toBe(words);
  });
});
