// BullMQ on a Redis server that flushes every write (`appendfsync always`): callers that add jobs one at a time, then
// a worker that runs as many at one time. `node load.mjs PORT CALLERS JOBS` prints one line of JSON.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Queue, Worker } from "bullmq";

const [port, callers, jobs] = process.argv.slice(2).map(Number);
const connection = { host: "127.0.0.1", port };
const payload = {
  title: "job",
  description: "What is to be done, in a sentence or two, as people write it on cards.",
};
const count = Math.floor(jobs / callers) * callers;

const syncs = () => (process.env.FSYNC_COUNT ? Number(readFileSync(process.env.FSYNC_COUNT).readBigUInt64LE()) : null);
const per = (before, after) => (before === null ? null : Number(((after - before) / count).toFixed(4)));

const queue = new Queue("work", { connection });
await queue.waitUntilReady();

const before = syncs();
const begun = performance.now();
const taken = [];
await Promise.all(
  Array.from({ length: callers }, async () => {
    for (let n = 0; n < count / callers; n += 1) {
      const asked = performance.now();
      await queue.add("work", payload);
      taken.push(performance.now() - asked);
    }
  }),
);
const adding = performance.now() - begun;
const between = syncs();

const started = performance.now();
let left = count;
const worker = new Worker("work", async () => {}, { connection, concurrency: callers });
await new Promise((resolve) => {
  worker.on("completed", () => {
    left -= 1;
    if (left === 0) resolve();
  });
});
const working = performance.now() - started;
const after = syncs();
taken.sort((a, b) => a - b);
const at = (part) => taken[Math.max(0, Math.ceil(taken.length * part) - 1)];
console.log(
  JSON.stringify({
    enqueue: {
      per_s: Math.round(count / (adding / 1e3)),
      p50_ms: at(0.5),
      p99_ms: at(0.99),
      syncs_per_job: per(before, between),
    },
    work: { per_s: Math.round(count / (working / 1e3)), syncs_per_job: per(between, after) },
  }),
);
await worker.close();
await queue.close();
