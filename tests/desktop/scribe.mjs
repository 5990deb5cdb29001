// The second process of a campaign: it changes cards through whichever engine listens, one change after the other, and
// notes each that was acknowledged. Ends when its standard input does. `node scribe.mjs SOCKET NOTES`

import { appendFileSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const [socketPath, notes] = process.argv.slice(2);
/** A new card after so many comments: the board shall not grow into a test of its own. */
const COMMENTS = 50;
/** Between two changes, and between two attempts to find an engine. Milliseconds. */
const PACE = 5;

let asked = true;
process.stdin.resume().on("end", () => {
  asked = false;
});

let card;
for (let n = 0; asked; n += 1) {
  const words = `change ${n}`;
  const begins = card === undefined || n % COMMENTS === 0;
  const answer = begins
    ? await call("add_task", { title: words })
    : await call("add_comment", { task: card, body: words });
  if (answer) {
    appendFileSync(notes, `${words}\n`);
    if (begins) card = answer.id;
  }
  await pause(PACE);
}

/** The operation's answer; nothing if the engine was not there, or was gone before it had answered. */
function call(operation, body) {
  return new Promise((done, fail) => {
    const headers = { "content-type": "application/json" };
    const asking = request({ socketPath, path: `/rpc/${operation}`, method: "POST", headers, agent: false });
    asking.on("error", () => done(undefined));
    asking.on("response", async (answer) => {
      let text = "";
      try {
        for await (const piece of answer.setEncoding("utf8")) text += piece;
      } catch {
        return done(undefined);
      }
      if (answer.statusCode === 200) done(JSON.parse(text));
      else fail(new Error(`${operation}: ${text}`));
    });
    asking.end(JSON.stringify(body));
  });
}
