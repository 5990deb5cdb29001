// The OpenAPI document that the server gives of itself, replayed against it by schemathesis: requests made from the
// document, right ones and wrong ones, always the same. No answer is a fault of ours, none has a status, a type or a
// shape that the document does not name, what the document allows is taken, and what it forbids is refused.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { serve } from "../bench/served.mjs";
import { newDesk } from "../desktop/harness.mjs";
import { homeOf } from "../pypi.mjs";
import { Client } from "./http.mjs";

const KEY = "a key for schemathesis";
/** A stream that never ends, which schemathesis would wait for; the test below asks for its head alone. */
const STREAM = "/api/events";
/** Where a request may be refused although the document allows it, for a reason that a schema cannot say. */
const MORE_THAN_A_SCHEMA = {
  "GET /api/tasks/queue": "who asks stands in the query, in a header, or in the key",
  "POST /api/queue/claim": "who claims stands in the body, in a header, or in the key",
  "GET /api/quality-review": "one of two parameters must be there",
  "POST /api/agents/{id}/keys": "a key's end lies ahead",
  "POST /api/cron": "the words of a schedule have a grammar, and an action needs a job",
  "POST /api/executor/run/{id}": "which agents there are, this machine says",
  "POST /api/webhooks": "which addresses are of this network, the address says",
  "PUT /api/webhooks": "the same",
  "PUT /api/webhooks/{id}": "the same",
  "PATCH /api/webhooks/{id}": "the same",
};
/** Requests for each operation and phase. */
const EXAMPLES = 25;

test("the server answers as its document says", async () => {
  const desk = newDesk();
  desk.env.FLIGHTBOARD_API_KEY = KEY;
  try {
    const served = await serve(desk, "debug");
    await furnish(served.address);
    const { code, said } = await replay(desk, new URL("/api/openapi.json", served.address).href);
    await served.stop();
    assert.equal(code, 0, said);
    assert.match(said, /No issues found|passed/, said);
  } finally {
    await desk.clear();
  }
});

/** So that ids from 1 on mean something. */
async function furnish(address) {
  const client = new Client(address, KEY);
  for (const title of ["one", "two", "three", "four"]) await client.rpc("add_task", { title, column: "ready" });
  await client.rpc("enroll_agent", { name: "scout" });
  await client.rpc("claim_task", { agent: "scout" });
  await client.rpc("put_task", { id: 2, status: "in_progress", agent: "iris" });
  await client.rpc("put_task", { id: 2, status: "review" });
  await client.rpc("put_schedule", { name: "nightly", when: "daily", title: "Check {date}" });
  await client.rpc("add_webhook", { url: "https://example.org/hook", enabled: false });
  client.close();
}

/** As schemathesis reads its settings. The key stands in a file: a command line is everybody's to read. */
function settings() {
  const refusals = (list) => JSON.stringify(list);
  const exempt = Object.keys(MORE_THAN_A_SCHEMA).map(
    (name) =>
      `[[operations]]\ninclude-name = "${name}"\n[operations.checks]\npositive_data_acceptance.enabled = false\n`,
  );
  return [
    `headers = { Authorization = "Bearer ${KEY}" }`,
    // What a card's state or another request forbids, and a card that was changed meanwhile (412), say nothing of
    // the request itself.
    "[checks.positive_data_acceptance]",
    `expected-statuses = ${refusals(["2xx", "3xx", "401", "403", "404", "409", "412", "422", "503"])}`,
    "[checks.negative_data_rejection]",
    `expected-statuses = ${refusals(["400", "401", "403", "404", "405", "409", "412", "422"])}`,
    ...exempt,
  ].join("\n");
}

async function replay(desk, document) {
  const st = join(homeOf("doors"), "bin/st");
  const config = join(desk.folder, "schemathesis.toml");
  writeFileSync(config, settings());
  const args = [
    ...["--config-file", config, "run", document, "--no-color", "--warnings", "off"],
    ...["--phases", "examples,coverage,fuzzing", "--max-examples", `${EXAMPLES}`],
    ...["--seed", "1", "--generation-deterministic", "--no-shrink"],
    ...["--continue-on-failure", "--request-timeout", "60", "--exclude-path", STREAM],
  ];
  const child = spawn(st, args, { cwd: desk.folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const pipe of [child.stdout, child.stderr]) pipe.setEncoding("utf8").on("data", (text) => (said += text));
  const [code] = await once(child, "exit");
  return { code, said };
}

test("the stream answers as its document says, as far as an answer without an end can be checked", async () => {
  const desk = newDesk();
  desk.env.FLIGHTBOARD_API_KEY = KEY;
  try {
    const served = await serve(desk, "debug");
    const ask = async (query, headers = {}) => {
      const url = new URL(STREAM + query, served.address);
      const answer = await fetch(url, { headers: { authorization: `Bearer ${KEY}`, ...headers } });
      await answer.body.cancel();
      return [answer.status, answer.headers.get("content-type")];
    };
    const client = new Client(served.address, KEY);
    const { body: document } = await client.ask("GET", "/api/openapi.json");
    const { parameters, responses } = document.paths[STREAM].get;
    const told = Object.entries(responses).map(([status, { content }]) => [Number(status), Object.keys(content)[0]]);
    const documented = (answer) => told.some((one) => one.join() === answer.join());
    await client.rpc("add_task", { title: "one" });
    client.close();

    assert.deepEqual(await ask(""), [200, "text/event-stream"]);
    const numbers = parameters.filter(({ schema }) => schema.type === "integer");
    assert.ok(numbers.length >= 4, "project, task and the last event, twice");
    for (const { name, in: place } of parameters) {
      const put = (value) => (place === "query" ? ask(`?${name}=${value}`) : ask("", { [name]: value }));
      assert.deepEqual(await put("1"), [200, "text/event-stream"], name);
      const odd = await put("x");
      assert.ok(documented(odd), `${name}: ${odd}`);
      const number = numbers.some((one) => one.name === name);
      assert.equal(odd[0], number ? 400 : 200, name);
    }
    await served.stop();
  } finally {
    await desk.clear();
  }
});
