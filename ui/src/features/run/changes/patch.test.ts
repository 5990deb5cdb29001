import { describe, expect, it } from "vitest";
import { changedSpans, parsePatch } from "./patch";

const PATCH = `diff --git a/src/pool.rs b/src/pool.rs
index 1..2 100644
--- a/src/pool.rs
+++ b/src/pool.rs
@@ -10,4 +10,5 @@ fn open()
 let a = 1;
-let b = 2;
+let b = 3;
+let c = 4;
 done();
@@ -40 +41 @@
-last
\\ No newline at end of file
+last!
`;

describe("a file's patch", () => {
  it("becomes rows with the line numbers of both sides", () => {
    const numbers = parsePatch(PATCH).rows.map((r) =>
      r.kind === "hunk" || r.kind === "note" ? r.kind : [r.kind, r.before, r.after],
    );
    expect(numbers).toEqual([
      "hunk",
      ["same", 10, 10],
      ["del", 11, null],
      ["add", null, 11],
      ["add", null, 12],
      ["same", 12, 13],
      "hunk",
      ["del", 40, null],
      "note",
      ["add", null, 41],
    ]);
  });

  it("keeps removed lines that look like headers", () => {
    const rows = parsePatch("@@ -1,2 +1 @@\n--- a comment\n-x\n+y\n").rows;
    expect(rows[1]).toMatchObject({ kind: "del", text: "-- a comment" });
  });

  it("is read as far as it goes when it was cut in the middle of a hunk", () => {
    const rows = parsePatch("@@ -1,900 +1,900 @@\n a\n+b\n+hal").rows;
    expect(rows.map((r) => r.text)).toEqual(["@@ -1,900 +1,900 @@", "a", "b", "hal"]);
  });

  it("keeps an empty context line whose blank was trimmed", () => {
    expect(parsePatch("@@ -1,2 +1,2 @@\n\n+x\n").rows[1]).toMatchObject({
      kind: "same",
      text: "",
      before: 1,
      after: 1,
    });
  });

  it("says when the file is binary", () => {
    expect(parsePatch("diff --git a/x b/x\nBinary files a/x and b/x differ\n")).toMatchObject({
      binary: true,
      rows: [],
    });
  });

  it("is empty for an empty text", () => {
    expect(parsePatch("").rows).toEqual([]);
  });

  it("pairs removed lines with as many added ones, and no others", () => {
    const rows = parsePatch("@@ -1,2 +1,2 @@\n-a\n-b\n+c\n+d\n e\n-f\n+g\n+h\n").rows;
    expect(rows.map((r) => ("pair" in r ? r.pair : undefined))).toEqual([
      undefined,
      3,
      4,
      1,
      2,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("reads a hundred thousand lines in one go", () => {
    const patch = `@@ -1,1 +1,100000 @@\n${"+line\n".repeat(100_000)}`;
    expect(parsePatch(patch).rows).toHaveLength(100_001);
  });
});

describe("the changed parts of a line's two versions", () => {
  it.each([
    ["let b = 2;", "let b = 3;", ["2", "3"]],
    ["call(first, second)", "call(first)", [", second", null]],
    ["call(first)", "call(first, second)", [null, ", second"]],
    ["entirely", "different", null],
    ["    row.get(1)", "    row.try_get(1)?", null], // most of one side would be marked
    ["same", "same", [null, null]],
  ])("%s and %s", (text, other, changed) => {
    const spans = changedSpans(text, other);
    const shown = spans && [text, other].map((line, at) => spans[at] && line.slice(spans[at].start, spans[at].end));
    expect(shown).toEqual(changed);
  });
});
