import { describe, expect, it } from "vitest";
import { filterFiles, flatRows, treeRows } from "./fileTree";

const file = (path: string, from: string | null = null) => ({ path, from, added: 2, removed: 1 });
const shape = (rows: ReturnType<typeof treeRows>) =>
  rows.map((r) => `${"  ".repeat(r.depth)}${r.name}${r.kind === "folder" ? "/" : ""}`);

describe("the list of changed files", () => {
  const files = [
    file("src/store/table/tasks.rs"),
    file("README.md"),
    file("src/store/table/runs.rs"),
    file("src/lib.rs"),
  ];

  it("as a tree joins folders that hold only a folder", () => {
    expect(shape(treeRows(files, new Set()))).toEqual([
      "src/",
      "  store/table/",
      "    runs.rs",
      "    tasks.rs",
      "  lib.rs",
      "README.md",
    ]);
  });

  it("hides what is in a closed folder but still counts it", () => {
    const rows = treeRows(files, new Set(["src"]));
    expect(shape(rows)).toEqual(["src/", "README.md"]);
    expect(rows[0]).toMatchObject({ files: 3, added: 6, removed: 3 });
  });

  it("flat is in path order", () => {
    expect(shape(flatRows(files))).toEqual([
      "README.md",
      "src/lib.rs",
      "src/store/table/runs.rs",
      "src/store/table/tasks.rs",
    ]);
  });

  it("is filtered by every word, in the old name too", () => {
    expect(filterFiles([file("a/new.rs", "b/old.rs"), file("c.rs")], "OLD rs")).toHaveLength(1);
    expect(filterFiles(files, "store zzz")).toEqual([]);
    expect(filterFiles(files, "  ")).toHaveLength(4);
  });
});
