import { describe, expect, it } from "vitest";
import { fakeBackend } from "../../backend/fake";
import { editOf } from "./CardFacts";

const cardOf = async () => (await fakeBackend().getTask({ id: 151 })).card;
const draft = { project: "1", priority: "5", due: "", tags: "bug" };

describe("an edit of a card's facts", () => {
  it("sends nothing when nothing was changed", async () => {
    expect(editOf(await cardOf(), draft)).toBeNull();
  });

  it("sends only what was changed", async () => {
    expect(editOf(await cardOf(), { ...draft, priority: "9", tags: "bug, #new, bug" })).toEqual({
      id: 151,
      priority: 9,
      tags: ["bug", "new"],
    });
  });

  it("can take the due date away", async () => {
    const card = { ...(await cardOf()), due_at: Date.now() };
    expect(editOf(card, draft)).toEqual({ id: 151, due: { at: null } });
  });
});
