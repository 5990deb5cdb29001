// The queue when much is in it: a claim among a million cards beside one among a thousand, the program started again
// with 100,000 tasks after it was killed, and the board of 10,000 cards as the door hands it out.

import { once } from "node:events";
import { request } from "node:http";
import { loadavg } from "node:os";
import { newDesk } from "../../desktop/harness.mjs";
import { median, spread, tail } from "../figures.mjs";
import { seed } from "../seed.mjs";
import { serve } from "../served.mjs";
import { DISK, inFolder, MEMORY, ours } from "./running.mjs";

/** A claim where all of 1,000 cards are ready, and where a tenth of `many` are. */
export async function amongMany(many, repeats) {
  const place = MEMORY ?? DISK;
  await inFolder(place, 0, async (big, env) => {
    const look = (dir, stored, ready) => ours([dir, "claims", stored, ready], env);
    // Filled, and read once: what comes after finds the same file.
    await look(big, many, many / 10);
    const seen = { small: [], big: [] };
    for (let round = 0; round < repeats; round += 1) {
      // A claim uses a card up: the small board is filled again each time.
      seen.small.push(await inFolder(place, 0, (dir) => look(dir, 1_000, 1_000)));
      seen.big.push(await look(big, many, many / 10));
    }
    const of = (rounds, figure) => rounds.map((round) => round.claim[figure]);
    const ratio = (figure) => (median(of(seen.big, figure)) / median(of(seen.small, figure))).toFixed(2);
    console.log(`\nA claim alone, memory file system, flushes at their own cost (load ${loadavg()[0].toFixed(1)})`);
    for (const [name, rounds] of [
      ["1,000 ready of 1,000", seen.small],
      [`${many / 10} ready of ${many}`, seen.big],
    ])
      console.log(
        `  ${name}: p50 ${spread(of(rounds, "p50_ms"), "ms", 2)}, p99 ${spread(of(rounds, "p99_ms"), "ms", 2)}`,
      );
    console.log(`  ratio at p50 ${ratio("p50_ms")}, at p99 ${ratio("p99_ms")}`);
  });
}

/** From the start of `flightboard serve`, killed before, to the answer of its first claim; on the real disk. */
export async function restart(tasks, repeats) {
  const desk = newDesk();
  try {
    await ours([desk.data, "fill", tasks, tasks]);
    const times = [];
    for (let round = 0; round <= repeats; round += 1) {
      const begun = performance.now();
      const served = await serve(desk, "release");
      const { reason } = await served.rpc("claim_task", { agent: `agent-${round}` });
      const taken = performance.now() - begun;
      if (reason !== "assigned") throw new Error(`the first claim got ${reason}`);
      await kill(served);
      // The first start was after an orderly end.
      if (round > 0) times.push(taken);
    }
    console.log(`\nStarted again after a kill, ${tasks} tasks ready, to the first claim's answer`);
    console.log(`  ${spread(times, "ms")} (load ${loadavg()[0].toFixed(1)})`);
  } finally {
    await desk.clear();
  }
}

async function kill(served) {
  const ended = once(served.child, "exit");
  served.child.kill("SIGKILL");
  served.agent.destroy();
  await ended;
}

/** `get_board` over the engine's socket, from the request to the answer's last byte. */
export async function snapshot(cards, times) {
  const desk = newDesk();
  try {
    const served = await serve(desk, "release");
    await seed(served, desk, cards);
    const taken = [];
    let bytes = 0;
    for (let round = -3; round < times; round += 1) {
      const begun = performance.now();
      bytes = await bytesOf(served, "get_board", { project: null, trashed: false });
      if (round >= 0) taken.push(performance.now() - begun);
    }
    console.log(`\nA snapshot of ${cards} cards through the door (${(bytes / 1e6).toFixed(1)} MB)`);
    console.log(`  ${tail(taken, "ms")} (load ${loadavg()[0].toFixed(1)})`);
    await served.stop();
  } finally {
    await desk.clear();
  }
}

/** Reads the answer and looks at nothing of it: what a client does with it is the client's time. */
function bytesOf(served, operation, body) {
  return new Promise((done, fail) => {
    const call = request({
      socketPath: served.socket,
      path: `/rpc/${operation}`,
      method: "POST",
      headers: { "content-type": "application/json" },
      agent: served.agent,
    });
    call.on("response", async (answer) => {
      let bytes = 0;
      for await (const piece of answer) bytes += piece.length;
      if (answer.statusCode === 200) done(bytes);
      else fail(new Error(`${operation} was answered with ${answer.statusCode}`));
    });
    call.on("error", fail);
    call.end(JSON.stringify(body));
  });
}
