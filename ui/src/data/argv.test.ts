import { expect, test } from "vitest";
import { joinCommand, splitCommand } from "./argv";

test.each<[string, string[]]>([
  ["", []],
  ["   ", []],
  ["make test", ["make", "test"]],
  ["  make   test ", ["make", "test"]],
  [`sh -c "echo 'hi there'"`, ["sh", "-c", "echo 'hi there'"]],
  [`a'b c'd`, ["ab cd"]],
  [`code "" {path}`, ["code", "", "{path}"]],
  [`a\\ b \\"c`, ["a b", '"c']],
  [`'no \\escape'`, ["no \\escape"]],
  [`echo $HOME | cat`, ["echo", "$HOME", "|", "cat"]],
])("%s", (text, words) => {
  expect(splitCommand(text)).toEqual(words);
});

test.each([[["make", "test"]], [["sh", "-c", `echo "a b" \\ 'c'`]], [["code", "", "{path}"]]])(
  "%j survives being shown and read again",
  (words) => {
    expect(splitCommand(joinCommand(words))).toEqual(words);
  },
);
