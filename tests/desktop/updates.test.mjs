// A new version, from a server that announces it to the program that runs in its place. The server is ours, on loopback;
// format, signature and exchange of the program are those of a release. The "new version" is this program without its
// symbols: other bytes, the same behaviour.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { program } from "../../src-tauri/setup/build.mjs";
import { isRunning, runningAt, story, until } from "./harness.mjs";

const PROGRAMS = ["flightboard-desktop", "flightboard", "flightboard-pty-host"];
const base64 = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part))).toString("base64");

/** A key as minisign makes them, and its signatures in the form in which releases carry them. */
function newSigner() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const id = randomBytes(8);
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const key = base64(`untrusted comment: a test's key\n${base64("Ed", id, raw)}\n`);
  const signed = (bytes, version) => {
    const signature = sign(null, createHash("blake2b512").update(bytes).digest(), privateKey);
    const trusted = `timestamp:1\tfile:Flightboard\tversion:${version}`;
    const whole = sign(null, Buffer.concat([signature, Buffer.from(trusted)]), privateKey);
    const lines = [
      "untrusted comment: a test's",
      base64("ED", id, signature),
      `trusted comment: ${trusted}`,
      base64(whole),
    ];
    return base64(`${lines.join("\n")}\n`);
  };
  return { key, signed };
}

/** Announces `release` and hands out its bytes; `asked` are the paths of the requests so far. */
async function publish() {
  const place = { release: null, asked: [] };
  const server = createServer((request, response) => {
    place.asked.push(request.url);
    if (request.url === "/program") return response.end(place.release.bytes);
    if (place.release === null) return response.writeHead(204).end();
    const { version, signature } = place.release;
    const url = `http://127.0.0.1:${server.address().port}/program`;
    const platforms = Object.fromEntries(["linux-x86_64", "linux-aarch64"].map((name) => [name, { url, signature }]));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ version, notes: "- Cards **fly**.", platforms }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  place.url = `http://127.0.0.1:${server.address().port}/latest.json`;
  place.close = () => server.close();
  return place;
}

/** The programs in a folder of their own, so that one of them can be replaced. */
function installed(desk) {
  const folder = join(desk.folder, "program");
  mkdirSync(folder);
  for (const name of PROGRAMS) copyFileSync(program(name), join(folder, name));
  return join(folder, "flightboard-desktop");
}

story(
  "a signed new version takes the program’s place while an agent works; a forged one changes nothing",
  async (desk) => {
    const binary = installed(desk);
    const before = readFileSync(binary);
    const stripped = join(desk.folder, "stripped");
    execFileSync("strip", ["-s", "-o", stripped, binary]);
    const after = readFileSync(stripped);
    const [ours, theirs, place] = [newSigner(), newSigner(), await publish()];
    try {
      desk.env.FLIGHTBOARD_UPDATE_URL = place.url;
      desk.env.FLIGHTBOARD_UPDATE_KEY = ours.key;
      const window = await desk.open({ binary });
      await window.click(await window.role("button", "Skip to the board"));
      await desk.flightboard("add", "Work");
      await desk.flightboard("run", "T-1", "--agent", "custom", "--", "sleep", "600");
      const [{ id }] = (await desk.flightboard("show", "T-1")).runs;
      await window.click(await window.role("link", "Settings"));
      const look = await window.role("button", "Look now");
      assert.deepEqual(place.asked, [], "nobody was asked yet");
      await window.click(look);
      await window.text("This is the newest version.");

      const version = "9.0.0";
      const piece = after.subarray(0, 64 * 1024);
      const install = async () => window.click(await window.role("button", `Install ${version} and restart`));
      for (const [signature, words] of [
        [theirs.signed(piece, version), /signature is wrong/],
        [ours.signed(after, version), /signature is wrong/],
        [ours.signed(piece, "8.0.0"), /signed for version 8\.0\.0/],
      ]) {
        place.release = { version, bytes: piece, signature };
        await window.click(look);
        await install();
        await window.text(words);
        await window.screenshot("new-version");
        assert.ok(readFileSync(binary).equals(before), "the program is as it was");
      }

      place.release = { version, bytes: after, signature: ours.signed(after, version) };
      await install();
      await window.until("the old program is gone", () => !isRunning(window.pid));
      assert.ok(readFileSync(binary).equals(after), "the new program is in its place");
      await until("the new program runs", () => runningAt(desk, binary) !== undefined);
      // The old one took its door with it.
      await until("the new program’s door is open", () => existsSync(join(desk.data, "engine.sock")));
      const [run] = (await desk.flightboard("show", "T-1")).runs;
      assert.deepEqual([run.id, run.status], [id, "working"], "the agent is at work as before");
      window.closed = true;
      await window.endServer();
    } finally {
      place.close();
    }
  },
);
