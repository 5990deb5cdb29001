import { expect, test } from "vitest";
import { aCard } from "../../data/test-cards";
import { type BulkEdit, changesOf, undoOf } from "./bulk";

const none: BulkEdit = { addTags: [], removeTags: [], priority: null };

test("a card that has it all already is left alone", () => {
  expect(changesOf(aCard(1), none)).toBeNull();
  const card = aCard(1, { tags: ["bug"], priority: 8, assignee: "codex", due_at: 5 });
  expect(
    changesOf(card, { addTags: ["bug"], removeTags: ["docs"], priority: 8, assignee: "codex", due: 5 }),
  ).toBeNull();
});

test("only what differs is sent, and Undo gives back exactly that", () => {
  const card = aCard(1, { tags: ["bug", "old"], priority: 5, assignee: "codex", due_at: 5 });
  const request = changesOf(card, { addTags: ["new"], removeTags: ["old"], priority: 9, assignee: null, due: null });
  expect(request).toEqual({ id: 1, tags: ["bug", "new"], priority: 9, assign: { agent: null }, due: { at: null } });
  if (request === null) throw new Error("nothing to take back");
  expect(undoOf(card, request)).toEqual({
    id: 1,
    tags: ["bug", "old"],
    priority: 5,
    assign: { agent: "codex" },
    due: { at: 5 },
  });
  const tagged = changesOf(card, { ...none, addTags: ["new"] });
  expect(tagged && undoOf(card, tagged)).toEqual({ id: 1, tags: ["bug", "old"] });
});
