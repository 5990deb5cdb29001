import { expect, test } from "vitest";
import { aCard } from "../../data/test-cards";
import { deletionNote, emptyingNote, retentionNote } from "./words";

const card = (id: number, runs = 0, artifacts = 0) => aCard(id, { runs, artifacts });

test("one card says what goes with it", () => {
  expect(deletionNote(card(1))).toBe("“Card 1” cannot be brought back.");
  expect(deletionNote(card(1, 1))).toMatch(/^“Card 1” goes, and with it the output of 1 run\. That/);
  expect(deletionNote(card(1, 2, 1))).toMatch(/the output of 2 runs and 1 artifact\. That cannot be undone\. Work/);
});

test("many are named until there are too many, and counted whole", () => {
  expect(emptyingNote([card(1), card(2)])).toBe("T-1 “Card 1”, T-2 “Card 2”. They cannot be brought back.");
  const crowd = Array.from({ length: 1_205 }, (_, i) => card(i + 1, 1, 2));
  expect(emptyingNote(crowd)).toMatch(/T-5 “Card 5” and 1,200 more go, .*1,205 runs and 2,410 artifacts/);
});

test("the days of grace are told", () => {
  expect(retentionNote(30)).toBe("After 30 days here they are deleted for ever.");
  expect(retentionNote(1)).toBe("After 1 day here they are deleted for ever.");
  expect(retentionNote(0)).toBe("They stay here until you delete them.");
});
