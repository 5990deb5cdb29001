// A board as it looks after months: titles of every length, tags, dates, priorities around the middle, three projects,
// and most cards done. Always the same one. In flight and Failed stay empty, because only runs bring cards there.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

const COLUMNS = [
  ["inbox", 0.3],
  ["ready", 0.15],
  ["review", 0.08],
  ["done", 0.42],
  ["cancelled", 0.05],
];
const VERBS = [
  "Fix",
  "Rewrite",
  "Explain",
  "Measure",
  "Remove",
  "Document",
  "Investigate",
  "Split up",
  "Add a test for",
];
const THINGS = [
  "the login page",
  "slow start of the importer",
  "crash when the disk is full",
  "the date picker on narrow screens, which hides its buttons",
  "retries of the mail queue",
  "CSV export: ümlauts and 日本語 in headings",
  "`parse_header` on folded lines",
  "flaky test of the scheduler",
  "keyboard focus after a dialog has closed, in all of the settings pages",
];
const TAGS = ["bug", "ui", "slow", "docs", "security", "later"];
const DAY = 86_400_000;
const AT_ONCE = 32;

export async function seed(served, desk, count) {
  const projects = [];
  for (const name of ["weather", "billing", "website"]) {
    const path = join(desk.folder, name);
    mkdirSync(path);
    projects.push((await served.rpc("add_project", { path, name })).id);
  }
  const random = generator(count + 1);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const cards = Array.from({ length: count }, (_, number) => {
    const column = columnAt(random());
    return {
      column,
      task: {
        title: `${pick(VERBS)} ${pick(THINGS)} (${number + 1})`,
        description: "Seen on the test machine.\n\n- open the page\n- wait\n",
        project: random() < 0.9 ? pick(projects) : null,
        priority: 1 + Math.floor((random() + random() + random()) * 3.33),
        tags: TAGS.filter(() => random() < 0.15),
        due_at: random() < 0.2 ? Date.now() + Math.floor(random() * 30) * DAY : null,
        column: column === "inbox" ? "inbox" : "ready",
      },
    };
  });
  const add = async ({ column, task }) => {
    const { id } = await served.rpc("add_task", task);
    if (column !== task.column) await served.rpc("move_task", { id, column });
  };
  const queue = cards.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const card of queue) await add(card);
    }),
  );
}

function columnAt(part) {
  let sum = 0;
  for (const [column, share] of COLUMNS) {
    sum += share;
    if (part < sum) return column;
  }
  return COLUMNS[0][0];
}

/** mulberry32: the same board every time. */
export function generator(state) {
  let seed = state;
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
