import { describe, expect, it } from "vitest";
import { isNumeric, parseCsv } from "./csv";

const rows = (text: string) => parseCsv(text, 1000).rows;

describe("a table of separated values", () => {
  it.each([
    [
      "plain",
      "a,b\n1,2\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "no last line end",
      "a,b\n1,2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "Windows line ends",
      "a,b\r\n1,2\r\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    ["quotes", 'a,"b, ""c"""\n', [["a", 'b, "c"']]],
    ["a line end in quotes", '"a\nb",c\n', [["a\nb", "c"]]],
    [
      "semicolons",
      "a;b\n1,5;2\n",
      [
        ["a", "b"],
        ["1,5", "2"],
      ],
    ],
    ["tabs", "a\tb\n", [["a", "b"]]],
    [
      "empty cells",
      "a,,\n,b,\n",
      [
        ["a", "", ""],
        ["", "b", ""],
      ],
    ],
    ["an empty cell at the end of the file", "a,", [["a", ""]]],
    ["a quote that never closes", 'a,"b', [["a", "b"]]],
    ["text after a closing quote", '"a"x,b', [["ax", "b"]]],
    ["a byte order mark", "\uFEFFa,b", [["a", "b"]]],
    ["nothing", "", []],
  ])("%s", (_, text, expected) => expect(rows(text)).toEqual(expected));

  it("stops at the most rows asked for", () => {
    const table = parseCsv("x,y\n".repeat(5000), 10);
    expect(table.rows).toHaveLength(10);
    expect(table.columns).toBe(2);
  });

  it("knows numbers, to set them right", () => {
    expect(["1", "-1.5", "1,000", "12 %", "a1", "", "-"].map(isNumeric)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
