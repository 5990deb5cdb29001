// The window is killed at random moments, again and again: nobody's work notices. Two hundred times by
// `npm run bench -- killed-window`.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { campaign } from "./campaign.mjs";
import { story } from "./harness.mjs";

story("a window killed at any moment harms no agent and loses nothing", async (desk) => {
  const seed = randomInt(2 ** 31);
  const { harm, seen } = await campaign(desk, { kills: 5, seed, longest: 4000 });
  const none = { agents: [], refused: [], orphans: [], logs: [], changes: [] };
  assert.deepEqual(harm, none, `with seed ${seed}`);
  assert.deepEqual([seen.agents, seen.alive], [10, 10]);

  const window = await desk.open();
  for (let card = 1; card <= seen.agents; card += 1) await window.cardIn("review", card);
});
