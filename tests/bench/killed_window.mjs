// The real window killed (SIGKILL) at random moments while ten agents write and a second process makes changes. Fails
// if anything came to harm. `--kills N`, `--seed N` (printed, so that a run can be repeated), `--longest MS` (how long
// a window may live), `--profile debug`.

import { randomInt } from "node:crypto";
import { campaign } from "../desktop/campaign.mjs";
import { newDesk } from "../desktop/harness.mjs";
import { option } from "./figures.mjs";

const kills = option("kills", 200);
const seed = option("seed", randomInt(2 ** 31));
const longest = option("longest", 3000);

const desk = newDesk();
try {
  console.log(`seed ${seed}, ${kills} kills, each 0 to ${longest} ms after the window's start`);
  const begun = performance.now();
  const { harm, seen } = await campaign(desk, { kills, seed, longest, profile: option("profile", "release") });
  const elapsed = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(`the window killed ${kills} times in ${elapsed} s`);
  console.log(`  killed before its engine had answered  ${seen.killedBeforeTheFirstAnswer}`);
  console.log(`  longest until all of it was gone       ${seen.slowestEnd.toFixed(0)} ms (${seen.lastToGo} last)`);
  console.log(`  windows that ended by themselves       ${harm.refused.length}`);
  console.log(`  agents harmed                          ${harm.agents.length} of ${seen.agents}`);
  console.log(
    `  logs that are not what was written     ${harm.logs.length}, ${(seen.bytes / 1e6).toFixed(1)} MB in all`,
  );
  console.log(`  processes left behind                  ${harm.orphans.length}`);
  console.log(`  acknowledged changes lost              ${harm.changes.length} of ${seen.acknowledged}`);
  const all = Object.values(harm).flat();
  if (all.length > 0) throw new Error(`harm was done:\n${all.slice(0, 50).join("\n")}`);
} finally {
  await desk.clear();
}
