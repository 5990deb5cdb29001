// Many clients at one time that read, claim and write by the public routes, each by a seed; and the log of changes
// replayed into cards, to be compared with the cards themselves.

import { setTimeout as pause } from "node:timers/promises";
import { generator } from "../bench/seed.mjs";
import { Client, listen } from "./http.mjs";
import { Line } from "./line.mjs";

/** Claims and reports are for one agent each, so no two clients are in each other's way but at the queue. */
const READS = [
  (client, card) => client.ask("GET", `/api/tasks/${card}`),
  (client) => client.ask("GET", "/api/tasks?limit=20&status=inbox,assigned"),
  (client, card) => client.ask("GET", `/api/tasks/${card}/comments`),
  (client) => client.ask("GET", "/api/status"),
  (client, card) => client.ask("GET", `/api/queue/${card}`),
];

/**
 * Lets `clients` work until `until` says that it is enough, each with `rest` milliseconds between two requests on
 * average (0: none). Returns how long each request took, by kind, what was refused, and how much was acknowledged.
 */
export async function mix(address, key, { clients, seed, rest, until }) {
  const heard = { read: [], claim: [], write: [], refused: new Map(), cards: 0, comments: 0, claims: 0 };
  let newest = 1;
  const note = (kind, answer) => {
    heard[kind].push(answer.took);
    if (answer.status >= 400) {
      const what = `${answer.status} ${answer.body?.detail}`;
      heard.refused.set(what, (heard.refused.get(what) ?? 0) + 1);
    }
    return answer.status < 400 ? answer.body : undefined;
  };
  const work = async (client, number) => {
    const random = generator(seed * 1_000 + number);
    const anyCard = () => 1 + Math.floor(random() * newest);
    let held;
    while (!until()) {
      if (rest > 0) await pause(random() * 2 * rest);
      const dice = random();
      if (dice < 0.4) {
        note("read", await READS[Math.floor(random() * READS.length)](client, anyCard()));
      } else if (dice < 0.6 && held === undefined) {
        const given = note("claim", await client.ask("GET", `/api/tasks/queue?agent=agent-${number}`));
        held = given?.task?.id;
        if (given?.reason === "assigned") heard.claims += 1;
      } else if (dice < 0.6) {
        note("claim", await client.ask("PUT", `/api/tasks/${held}`, { status: "review" }));
        held = undefined;
      } else if (dice < 0.75) {
        const title = `Card of client ${number}`;
        const made = note("write", await client.ask("POST", "/api/tasks", { title, priority: "high" }));
        newest = Math.max(newest, made?.task.id ?? 0);
        heard.cards += made === undefined ? 0 : 1;
      } else if (dice < 0.9) {
        const said = await client.ask("POST", `/api/tasks/${anyCard()}/comments`, { content: `Seen by ${number}` });
        heard.comments += note("write", said) === undefined ? 0 : 1;
      } else {
        note("write", await client.ask("PATCH", `/api/tasks/${anyCard()}`, { tags: [`seen-by-${number}`] }));
      }
    }
  };
  const lines = Array.from({ length: clients }, () => new Line(address, key));
  await lines[0].ask("POST", "/api/tasks", { title: "The first card" });
  heard.cards += 1;
  await Promise.all(lines.map(work));
  for (const line of lines) line.close();
  return heard;
}

/** The whole log, oldest first, as the event stream tells it to one who has seen nothing. */
export async function readLog(address, key) {
  const client = new Client(address, key);
  const { body } = await client.ask("GET", "/api/status");
  client.close();
  const log = [];
  let whole = () => {};
  const read = new Promise((done) => (whole = done));
  const hear = (id, data) => {
    log.push({ id, ...data });
    if (id >= body.last_event_id) whole();
  };
  const stream = await listen(address, key, "", hear, 0);
  await read;
  stream.close();
  return log;
}

/** What each card must look like by the log alone: state, number of comments and of attempts. */
export function replay(log) {
  const cards = new Map();
  const wrong = [];
  for (const [at, { id, kind, data }] of log.entries()) {
    if (at > 0 && id !== log[at - 1].id + 1) wrong.push(`after ${log[at - 1].id} comes ${id}`);
    if (data.task_id === null) continue;
    if (kind === "task.created") {
      const status = data.text.replace("added to ", "");
      cards.set(data.task_id, { status, comments: 0, runs: 0 });
      continue;
    }
    const card = cards.get(data.task_id);
    if (card === undefined) {
      wrong.push(`${id}: ${kind} of card ${data.task_id}, which was never made`);
      continue;
    }
    const moved = data.text.match(/moved from (.+) to (.+)$/);
    if (kind === "task.moved" || kind === "task.completed") {
      if (moved?.[1] !== card.status) wrong.push(`${id}: “${data.text}”, but it was in ${card.status}`);
      card.status = moved?.[2];
    } else if (kind === "run.claimed") {
      if (!["Inbox", "Ready"].includes(card.status)) wrong.push(`${id}: claimed in ${card.status}`);
      card.status = "In flight";
      card.runs += 1;
    } else if (kind === "run.ended") {
      if (card.status !== "In flight") wrong.push(`${id}: ended in ${card.status}`);
      card.status = "Review";
    } else if (kind === "task.commented") {
      card.comments += 1;
    }
  }
  return { cards, wrong };
}

const TITLES = { inbox: "Inbox", ready: "Ready", in_progress: "In flight", review: "Review", done: "Done" };

/** The same of the cards as the board has them. */
export async function tables(address, key) {
  const client = new Client(address, key);
  const found = new Map();
  for (;;) {
    const { tasks, total } = await client.rpc("list_tasks", { limit: 200, offset: found.size });
    for (const { id, status, comments, runs } of tasks)
      found.set(id, { status: TITLES[status] ?? status, comments, runs });
    if (found.size >= total || tasks.length === 0) break;
  }
  client.close();
  return found;
}

/** Cards of which log and tables say different things. */
export function differences(replayed, stored) {
  const ids = new Set([...replayed.keys(), ...stored.keys()]);
  return [...ids].flatMap((id) => {
    const [log, table] = [replayed.get(id), stored.get(id)].map((card) => JSON.stringify(card));
    return log === table ? [] : [`card ${id}: the log says ${log}, the tables ${table}`];
  });
}
