// The OpenAPI document that the server gives of itself, replayed against it by schemathesis: requests made from the
// document, right ones and wrong ones, always the same. No answer is a fault of ours, and none has a status, a type or
// a shape that the document does not name.

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
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "unsupported_method",
  "ignored_auth",
];
/** A stream that never ends (`crates/http/tests/doors/feed.rs` reads it), and what starts programs. */
const LEFT_OUT = ["/api/events", "/api/executor/run/{id}"];
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

async function replay(desk, document) {
  const st = join(homeOf("doors"), "bin/st");
  // The key stands in a file: the command line is everybody's to read, and each finding would repeat it.
  const config = join(desk.folder, "schemathesis.toml");
  writeFileSync(config, `headers = { Authorization = "Bearer ${KEY}" }\n`);
  const args = [
    ...["--config-file", config, "run", document, "--no-color", "--warnings", "off"],
    ...["--checks", CHECKS.join(","), "--phases", "examples,coverage,fuzzing", "--max-examples", `${EXAMPLES}`],
    ...["--seed", "1", "--generation-deterministic", "--no-shrink"],
    ...["--continue-on-failure", "--request-timeout", "60"],
    ...LEFT_OUT.flatMap((path) => ["--exclude-path", path]),
  ];
  const child = spawn(st, args, { cwd: desk.folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const pipe of [child.stdout, child.stderr]) pipe.setEncoding("utf8").on("data", (text) => (said += text));
  const [code] = await once(child, "exit");
  return { code, said };
}
