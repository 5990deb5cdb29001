// The fake engine's one rich card, T-142 of the sketches: two runs, a terminal that asks a question,
// changes, and an artifact of every kind that can be shown.
import type { Artifact, ArtifactKind, ChangedFile, FileDiff, Run } from "../bindings";
import type { FakeTask, Scene } from "./fake-scene";

const MINUTE = 60_000;

export function furnish(scene: Scene, task: FakeTask): void {
  const now = Date.now();
  const second = task.runs[0];
  if (!second) return;
  scene.lastRun += 1;
  const first: Run = {
    ...second,
    id: scene.lastRun,
    attempt: 1,
    status: "succeeded",
    evidence: "the agent's end mark",
    reason: null,
    created_at: now - 41 * MINUTE,
    started_at: now - 40 * MINUTE,
    ended_at: now - 28 * MINUTE,
    exit_code: 0,
    output_bytes: FIRST.length,
  };
  Object.assign(second, {
    attempt: 2,
    argv: ["claude", "--resume", "7f3c0e5a", "--settings", "hooks.json"],
    output_bytes: SECOND.length,
    model: "opus",
  });
  task.runs = [second, first];
  task.card = { ...task.card, runs: 2, artifacts: ARTIFACTS.length };
  task.description =
    "Move the store crate to `sqlx 0.9`.\n\n- [x] all tests green\n- [ ] note breaking changes in `UPGRADE.md`\n\nSee the [changelog](https://github.com/launchbadge/sqlx/blob/main/CHANGELOG.md).";
  scene.outputs.set(first.id, FIRST);
  scene.outputs.set(second.id, SECOND);
  task.timeline = TIMELINE.map(([ago, actor, kind, text], at) => ({
    seq: 60 + at,
    at: now - ago * MINUTE,
    actor,
    kind,
    text,
    run: kind.startsWith("run.") ? second.id : null,
  }));
  task.comments = [
    {
      id: 1,
      author: "aegis",
      body: "Rejected: the **pool size** is lost, see `pool.rs`.",
      at: now - 15 * MINUTE,
      parent: null,
    },
  ];
  scene.lastComment = 1;
  task.artifacts = ARTIFACTS.map(([path, kind, content], at) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const artifact: Artifact = {
      id: at + 1,
      run: kind === "text" ? first.id : second.id,
      path,
      kind,
      size: bytes.length,
      hash: `${at}`.repeat(64).slice(0, 64),
      at: now - (at + 2) * MINUTE,
    };
    scene.artifacts.set(artifact.id, { artifact, bytes });
    return artifact;
  });
  const count = { files: FILES.length, added: 184, removed: 61 };
  scene.changes.set(second.id, { count, files: FILES, cut: false, commits: 2, note: null });
  scene.changes.set(first.id, { count, files: FILES.slice(0, 2), cut: false, commits: 1, note: null });
  for (const run of [first, second]) {
    for (const file of FILES) scene.diffs.set(`${run.id}:${file.path}`, diffOf(file));
  }
}

type Line = [minutesAgo: number, actor: string, kind: string, text: string];

const TIMELINE: Line[] = [
  [26 * 60, "you", "task.added", "card written"],
  [44, "you", "task.moved", "moved to In flight"],
  [40, "engine", "run.started", "run 1 started: claude 2.1.329"],
  [28, "engine", "run.succeeded", "run 1 finished, 6 files changed"],
  [12, "engine", "run.started", "run 2 started after review"],
  [1, "agent:claude", "run.waiting", "asks for permission"],
];

const e = "\x1b[";
const FIRST = `${e}90m$ claude${e}0m\r\n${e}34m●${e}0m Reading the store crate.\r\n${e}32m6 files changed${e}0m\r\n`;
const SECOND = [
  `${e}34m●${e}0m The pool options moved. I will update the three call sites and run the store's tests.`,
  "",
  `  ${e}32m+${e}0m src/store/pool.rs      ${e}32m+41${e}0m ${e}33m−17${e}0m`,
  `  ${e}32m+${e}0m src/store/migrate.rs   ${e}32m+12${e}0m ${e}33m−3${e}0m`,
  "",
  `${e}34m●${e}0m cargo test -p store`,
  `  ${e}32mrunning 118 tests … 118 passed${e}0m`,
  "",
  "  The notes are at https://github.com/launchbadge/sqlx/releases and in \x1b]8;;https://example.com/hidden\x1b\\the guide\x1b]8;;\x1b\\.",
  "",
  `${e}33m◆${e}0m I need to update the lock file:`,
  "    cargo update -p sqlx --precise 0.9.0",
  `  ${e}33mDo you want to proceed?${e}0m`,
  "  ❯ 1. Yes",
  "    2. Yes, and don’t ask again for cargo update",
  "    3. No",
].join("\r\n");

const FILES: ChangedFile[] = [
  file("crates/store/src/pool.rs", "modified", 41, 17),
  file("crates/store/src/migrate.rs", "modified", 12, 3),
  file("crates/store/src/table/tasks.rs", "modified", 60, 30),
  { ...file("crates/store/src/table/rows.rs", "renamed", 4, 2), from: "crates/store/src/rows.rs" },
  file("crates/store/src/old_pool.rs", "deleted", 0, 9),
  file("UPGRADE.md", "untracked", 67, 0),
  { ...file("docs/diagram.png", "added", 0, 0), binary: true },
];

function file(path: string, kind: ChangedFile["kind"], added: number, removed: number): ChangedFile {
  return { path, from: null, kind, added, removed, binary: false };
}

function diffOf({ path, added }: ChangedFile): FileDiff {
  if (path === "crates/store/src/table/tasks.rs") return { path, patch: longPatch(path, 10_000), cut: true };
  const more = Array.from({ length: Math.min(added, 20) }, (_, at) => `+    // step ${at + 1}`).join("\n");
  const patch = `diff --git a/${path} b/${path}
--- a/${path}
+++ b/${path}
@@ -10,7 +10,${7 + Math.min(added, 20)} @@ pub async fn open(path: &Path) -> Result<Pool, StoreError> {
     let options = SqliteConnectOptions::new()
         .filename(path)
-        .max_connections(8)
+        .max_connections(config.pool_size)
         .journal_mode(SqliteJournalMode::Wal);
${more}
     Ok(pool)
 }
`;
  return { path, patch, cut: false };
}

function longPatch(path: string, lines: number): string {
  const rows = Array.from({ length: lines }, (_, at) =>
    at % 5 === 0
      ? `-    row.get::<i64>(${at})`
      : at % 5 === 1
        ? `+    row.try_get::<i64>(${at - 1})?`
        : `     field_${at},`,
  );
  return `--- a/${path}\n+++ b/${path}\n@@ -1,${lines} +1,${lines} @@\n${rows.join("\n")}\n`;
}

/** A page with one line of text, as small as PDF allows; readers rebuild the missing table. */
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 68>>stream
BT /F1 22 Tf 40 220 Td (Throughput after the upgrade) Tj ET
1 0 0 rg 40 60 80 120 re f
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
%%EOF`;

const CHART = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="320" viewBox="0 0 640 320"><rect width="640" height="320" fill="#fff"/>${[
  180, 120, 220, 90, 260,
]
  .map((height, at) => `<rect x="${60 + at * 110}" y="${290 - height}" width="70" height="${height}" fill="#0b66c3"/>`)
  .join("")}</svg>`;

const ARTIFACTS: [string, ArtifactKind, string | Uint8Array][] = [
  [
    "UPGRADE.md",
    "markdown",
    "# Upgrading to sqlx 0.9\n\nThe pool's options **moved**. What breaks:\n\n| before | after |\n|---|---|\n| `max_connections(8)` | `max_connections(config.pool_size)` |\n| `row.get` | `row.try_get` |\n\n```rust\nlet pool = SqlitePoolOptions::new().max_connections(8);\n```\n\n1. Change the call sites.\n2. Run the tests.\n\nMore in the [notes](https://example.com/notes).\n",
  ],
  ["bench.svg", "image", CHART],
  [
    "test.log",
    "text",
    Array.from({ length: 2400 }, (_, at) => `test store::table::tasks::case_${at} ... ok`).join("\n"),
  ],
  ["report.pdf", "pdf", PDF],
  [
    "report/index.html",
    "html",
    "<!doctype html><title>Report</title><h1>Report</h1><p style='color:teal'>118 tests passed.</p><script>document.body.textContent='scripts run'</script><img src='https://example.com/track.png'>",
  ],
  [
    "bench/results.json",
    "json",
    JSON.stringify({
      run: 2,
      ok: true,
      note: null,
      medians: { before: 351, after: 22_600 },
      samples: Array.from({ length: 250 }, (_, at) => ({ at, ms: (at * 7) % 13 })),
    }),
  ],
  [
    "bench/results.csv",
    "csv",
    `name,before,after,remark\n${Array.from({ length: 5000 }, (_, at) => `case ${at},${at * 3},${at * 2},"quoted, with ""marks"""`).join("\n")}\n`,
  ],
  [
    "fix.diff",
    "diff",
    "--- a/pool.rs\n+++ b/pool.rs\n@@ -1,3 +1,3 @@\n fn open() {\n-    max(8)\n+    max(size)\n }\n",
  ],
  ["core.bin", "binary", Uint8Array.from({ length: 3000 }, (_, at) => (at * 37) % 256)],
];
