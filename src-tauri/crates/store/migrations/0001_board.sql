-- The board: projects, tasks, their runs and artifacts, and the log of every change.
-- Times are milliseconds UTC. Paths are the operating system's own bytes.

CREATE TABLE projects (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    uid        TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    path       BLOB NOT NULL,
    settings   TEXT NOT NULL CHECK (json_valid(settings)),
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;

CREATE UNIQUE INDEX projects_path ON projects (path) WHERE removed_at IS NULL;

CREATE TABLE tasks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    uid         TEXT NOT NULL UNIQUE,
    project_id  INTEGER REFERENCES projects (id),
    title       TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
    description TEXT NOT NULL,
    status      TEXT NOT NULL
                CHECK (status IN ('inbox', 'ready', 'in_progress', 'review', 'done', 'failed', 'cancelled')),
    priority    INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 10),
    tags        TEXT NOT NULL CHECK (json_valid(tags)),
    due_at      INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    entered_at  INTEGER NOT NULL,
    finished_at INTEGER,
    -- The run that holds the task: the fencing token that its reports must carry.
    live_run    INTEGER REFERENCES runs (id) DEFERRABLE INITIALLY DEFERRED,
    came_from   TEXT CHECK (came_from IN ('inbox', 'ready', 'review', 'failed')),
    held        TEXT,
    -- The only agent that may start on it; none: any.
    assignee    TEXT CHECK (length(assignee) BETWEEN 1 AND 64),
    version     INTEGER NOT NULL,
    trashed_at  INTEGER,
    -- Kept here so that a board of ten thousand cards is one scan.
    last_run    INTEGER REFERENCES runs (id) DEFERRABLE INITIALLY DEFERRED,
    runs        INTEGER NOT NULL DEFAULT 0,
    artifacts   INTEGER NOT NULL DEFAULT 0,
    CHECK ((status = 'in_progress') = (live_run IS NOT NULL)),
    CHECK ((status = 'in_progress') = (came_from IS NOT NULL)),
    CHECK ((status IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK (trashed_at IS NULL OR live_run IS NULL)
) STRICT;

-- Claim order over the claimable rows only.
CREATE INDEX tasks_ready ON tasks (priority DESC, due_at, created_at, id) WHERE status = 'ready' AND trashed_at IS NULL;
CREATE INDEX tasks_project ON tasks (project_id);

CREATE TABLE runs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    uid           TEXT NOT NULL UNIQUE,
    task_id       INTEGER NOT NULL REFERENCES tasks (id),
    attempt       INTEGER NOT NULL CHECK (attempt >= 1),
    agent         TEXT NOT NULL,
    agent_version TEXT,
    mode          TEXT NOT NULL CHECK (mode IN ('interactive', 'unattended')),
    model         TEXT,
    argv          TEXT NOT NULL CHECK (json_valid(argv)),
    phase         TEXT NOT NULL CHECK (phase IN ('queued', 'preparing', 'running', 'ended')),
    activity      TEXT CHECK (activity IN ('working', 'waiting', 'idle', 'rate_limited', 'unknown')),
    outcome       TEXT CHECK (outcome IN ('succeeded', 'failed', 'stopped', 'lost')),
    cause         TEXT,
    evidence      TEXT,
    reason        TEXT,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER,
    ended_at      INTEGER,
    exit_code     INTEGER,
    signal        INTEGER,
    session       TEXT,
    ws_path       BLOB,
    ws_kind       TEXT CHECK (ws_kind IN ('worktree', 'folder', 'inplace')),
    ws_branch     TEXT,
    ws_base       TEXT,
    ws_present    INTEGER NOT NULL DEFAULT 0 CHECK (ws_present IN (0, 1)),
    salvage       TEXT,
    -- A stop was asked for; the end of the run reads as stopped, not failed.
    stop_asked_at INTEGER,
    output_bytes  INTEGER NOT NULL DEFAULT 0,
    last_line     TEXT,
    survivors     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(survivors)),
    files         INTEGER,
    added         INTEGER,
    removed       INTEGER,
    UNIQUE (task_id, attempt),
    CHECK ((phase = 'running') = (activity IS NOT NULL)),
    CHECK ((phase = 'ended') = (outcome IS NOT NULL)),
    CHECK ((phase = 'ended') = (ended_at IS NOT NULL)),
    CHECK (phase <> 'running' OR started_at IS NOT NULL),
    CHECK ((outcome IS 'failed') = (cause IS NOT NULL)),
    CHECK ((ws_path IS NULL) = (ws_kind IS NULL))
) STRICT;

-- Never two live runs of one task.
CREATE UNIQUE INDEX runs_one_live ON runs (task_id) WHERE phase <> 'ended';
CREATE INDEX runs_live ON runs (id) WHERE phase <> 'ended';
CREATE INDEX runs_task ON runs (task_id);

CREATE TABLE artifacts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL REFERENCES tasks (id),
    run_id  INTEGER NOT NULL REFERENCES runs (id),
    path    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    size    INTEGER NOT NULL CHECK (size >= 0),
    hash    TEXT NOT NULL CHECK (length(hash) = 64),
    at      INTEGER NOT NULL,
    UNIQUE (run_id, path)
) STRICT;

CREATE INDEX artifacts_task ON artifacts (task_id);

CREATE TABLE task_comments (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL REFERENCES tasks (id),
    author  TEXT NOT NULL,
    body    TEXT NOT NULL CHECK (length(body) > 0),
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX comments_task ON task_comments (task_id);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;

-- Append-only; written in the transaction of the change that it tells of.
CREATE TABLE changes (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    task_id    INTEGER,
    run_id     INTEGER,
    project_id INTEGER,
    text       TEXT NOT NULL
) STRICT;

CREATE INDEX changes_task ON changes (task_id, seq) WHERE task_id IS NOT NULL;

CREATE TRIGGER changes_are_not_edited BEFORE UPDATE ON changes
BEGIN SELECT RAISE(ABORT, 'the change log is append-only'); END;

CREATE TRIGGER changes_are_not_deleted BEFORE DELETE ON changes
BEGIN SELECT RAISE(ABORT, 'the change log is append-only'); END;
