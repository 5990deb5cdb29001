import { describe, expect, it } from "vitest";
import { actorName, byDay, dayName, localDate, moments } from "./days";

const at = (day: number, hour: number) => new Date(2026, 10, day, hour).getTime();
const entry = (seq: number, when: number, kind = "task.moved") => ({
  seq,
  at: when,
  actor: "you",
  kind,
  text: `n${seq}`,
  run: null,
});

describe("a card's history", () => {
  it("puts comments where they were said, under their days", () => {
    const all = moments(
      [entry(1, at(19, 9)), entry(2, at(20, 12))],
      [{ id: 7, author: "you", body: "hm", at: at(20, 10), parent: null }],
    );
    const days = byDay(all).map((d) => [d.date, d.moments.map((m) => m.id)]);
    expect(days).toEqual([
      ["2026-11-19", ["e1"]],
      ["2026-11-20", ["c7", "e2"]],
    ]);
  });

  it("does not tell twice that a comment was made", () => {
    const all = moments(
      [entry(1, at(20, 9), "comment.added")],
      [{ id: 7, author: "you", body: "hm", at: at(20, 9), parent: null }],
    );
    expect(all.map((m) => m.kind)).toEqual(["comment"]);
  });

  it("says whom a reply answers", () => {
    const comments = [
      { id: 7, author: "agent:aegis", body: "why?", at: at(20, 9), parent: null },
      { id: 8, author: "Ada", body: "because", at: at(20, 10), parent: 7 },
    ];
    const answers = moments([], comments).map((m) => (m.kind === "comment" ? m.answers : "no comment"));
    expect(answers).toEqual([null, "aegis"]);
  });

  it("names near days by word and far ones in full", () => {
    const now = at(20, 0);
    expect(dayName(localDate(now), now)).toBe("Today");
    expect(dayName("2026-11-19", now)).toBe("Yesterday");
    expect(dayName("2026-11-02", now)).toBe("Monday 2 November 2026");
  });

  it("calls an agent by its name", () => {
    expect(["agent:claude", "you", "engine"].map(actorName)).toEqual(["claude", "you", "engine"]);
  });
});
