// Fifty clients that read, claim and write by the public routes for a while: nothing is answered by a fault of ours,
// what was acknowledged is there, and the log of changes, replayed, is the board. The long version, which is measured,
// is `npm run bench -- load`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "../bench/served.mjs";
import { newDesk } from "../desktop/harness.mjs";
import { differences, mix, readLog, replay, tables } from "./mix.mjs";

const KEY = "a key for many clients";
const REQUESTS = 5_000;

test("fifty clients at one time leave a log that is the board", async () => {
  const desk = newDesk();
  desk.env.FLIGHTBOARD_API_KEY = KEY;
  try {
    const served = await serve(desk, "debug");
    let asked = 0;
    const until = () => {
      asked += 1;
      return asked > REQUESTS;
    };
    const heard = await mix(served.address, KEY, { clients: 50, seed: 1, rest: 0, until });
    const log = await readLog(served.address, KEY);
    const stored = await tables(served.address, KEY);
    await served.stop();

    const refused = [...heard.refused].filter(([what]) => !what.startsWith("409 "));
    assert.deepEqual(refused, []);
    const { cards, wrong } = replay(log);
    assert.deepEqual(wrong, []);
    assert.deepEqual(differences(cards, stored), []);
    assert.equal(stored.size, heard.cards);
    const sum = (field) => [...stored.values()].reduce((total, card) => total + card[field], 0);
    assert.deepEqual([sum("comments"), sum("runs")], [heard.comments, heard.claims]);
    assert.ok(heard.claims > 100 && heard.comments > 300, `${heard.claims} claims, ${heard.comments} comments`);
  } finally {
    await desk.clear();
  }
});

test("a replay tells a log with a gap and a board that differs from it", () => {
  const change = (id, kind, text) => ({ id, kind, data: { task_id: 1, text } });
  const log = [change(1, "task.created", "added to Inbox"), change(2, "run.claimed", "claimed: run 1 with scout")];
  assert.deepEqual(replay(log).wrong, []);
  assert.deepEqual(replay([log[0], { ...log[1], id: 3 }]).wrong, ["after 1 comes 3"]);
  assert.deepEqual(replay([log[0], change(2, "task.moved", "moved from Ready to Done")]).wrong, [
    "2: “moved from Ready to Done”, but it was in Inbox",
  ]);
  const board = new Map([[1, { status: "Ready", comments: 0, runs: 1 }]]);
  assert.equal(differences(replay(log).cards, board).length, 1);
});
