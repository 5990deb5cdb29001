// An agent that only asks: it starts Flightboard's tools as agents do, over their standard input and output, puts a
// question to people, says what it heard and ends. `node asking-agent.mjs FLIGHTBOARD QUESTION [OPTION…]`

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const [flightboard, question, ...options] = process.argv.slice(2);
const server = spawn(flightboard, ["mcp"], { stdio: ["pipe", "pipe", "inherit"] });
const answers = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
let last = 0;

function send(message) {
  server.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

async function ask(method, params) {
  last += 1;
  const id = last;
  send({ id, method, params });
  for (;;) {
    const { value, done } = await answers.next();
    if (done) throw new Error("the tools have ended");
    const answer = JSON.parse(value);
    if (answer.id !== id) continue;
    if (answer.error) throw new Error(answer.error.message);
    return answer.result;
  }
}

async function call(name, args) {
  const { content, isError } = await ask("tools/call", { name, arguments: args });
  if (isError) throw new Error(content[0].text);
  return JSON.parse(content[0].text);
}

const client = { name: "asking-agent", version: "1" };
await ask("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: client });
send({ method: "notifications/initialized" });
console.log("asking");
let asked = await call("ask_person", { question, options });
while (asked.answer === null) asked = await call("get_answer", { question: asked.id });
console.log(`heard ${JSON.stringify(asked.answer)}`);
server.stdin.end();
