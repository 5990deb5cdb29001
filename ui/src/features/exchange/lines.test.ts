import { expect, test } from "vitest";
import type { PortableRecord } from "../../bindings";
import { exportLines, importAll, pieces, readLines } from "./lines";

const edge = (task: string): PortableRecord => ({ type: "edge", task, upstream: "a", need: "success" });

test("what was written out is read in as it was", async () => {
  const answers = [
    { records: [edge("b")], cursor: "1:0" },
    { records: [edge("ü\u2028c")], cursor: null },
  ];
  const asked: (string | null | undefined)[] = [];
  const exportRecords = async ({ cursor }: { cursor?: string | null }) => {
    asked.push(cursor);
    return answers.shift() ?? { records: [], cursor: null };
  };
  const text = (await exportLines({ exportRecords })).join("");
  expect(asked).toEqual([null, "1:0"]);
  expect(readLines(text, "board.jsonl")).toEqual([edge("b"), edge("ü\u2028c")]);
});

test.each([
  ["", "board.jsonl is no export of a board."],
  ["{}\n", "board.jsonl is no export of a board."],
  ['{"format":"flightboard","version":2}\n', "board.jsonl was written by a later Flightboard."],
  ['{"format":"flightboard","version":1}\n\n{"type":', "Line 3 of board.jsonl cannot be read."],
  ['{"format":"flightboard","version":1}\n7\n', "Line 2 of board.jsonl cannot be read."],
])("%j is refused", (text, message) => {
  expect(() => readLines(text, "board.jsonl")).toThrowError(expect.objectContaining({ message }));
});

test("requests stay small, the order stays, and the counts are added up", async () => {
  const big = (task: string): PortableRecord => ({ ...edge(task), upstream: "x".repeat(700_000) }) as PortableRecord;
  const many = [big("1"), big("2"), ...Array.from({ length: 501 }, (_, at) => edge(`${at}`)), big("3")];
  const cut = pieces(many);
  expect(cut.map((piece) => piece.length)).toEqual([1, 500, 3]);
  expect(cut.flat()).toEqual(many);
  const importRecords = async ({ records }: { records: PortableRecord[] }) => ({
    added: records.length,
    known: 1,
    left_out: 0,
  });
  expect(await importAll({ importRecords }, many)).toEqual({ added: 504, known: 3, left_out: 0 });
});
