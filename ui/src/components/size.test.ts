import { describe, expect, it } from "vitest";
import { sizeWords } from "./size";

describe("sizes in words", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 KB"],
    [2100, "2.1 KB"],
    [9_960, "10 KB"],
    [999_499, "999 KB"],
    [999_500, "1.0 MB"],
    [5_300_000_000, "5.3 GB"],
  ])("%d bytes are %s", (bytes, words) => expect(sizeWords(bytes)).toBe(words));
});
