-- The queue: what the dispatcher may take, what waits for what, how failures were counted, which
-- agents and accounts are left alone for a while, and what reviewers said.

ALTER TABLE tasks ADD COLUMN queued INTEGER NOT NULL DEFAULT 0 CHECK (queued IN (0, 1));
-- Agents that may take it, in the order of preference; empty: those of its project.
ALTER TABLE tasks ADD COLUMN chain TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(chain));
ALTER TABLE tasks ADD COLUMN skills TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(skills));
ALTER TABLE tasks ADD COLUMN model TEXT;
-- A timer, and the cause that it waits after.
ALTER TABLE tasks ADD COLUMN not_before INTEGER;
ALTER TABLE tasks ADD COLUMN not_before_after TEXT CHECK ((not_before IS NULL) = (not_before_after IS NULL));
-- Failures by cause, and what each cause is allowed on this task.
ALTER TABLE tasks ADD COLUMN failures TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(failures));
ALTER TABLE tasks ADD COLUMN retry TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(retry));
-- What must approve before it is done; NULL: as its project has it.
ALTER TABLE tasks ADD COLUMN gate TEXT CHECK (gate IS NULL OR json_valid(gate));
-- Reviews count within a round; each return to the worker begins a new one.
ALTER TABLE tasks ADD COLUMN round INTEGER NOT NULL DEFAULT 1 CHECK (round >= 1);

-- Without an end of the NULLs the index could not give the order.
DROP INDEX tasks_ready;
CREATE INDEX tasks_ready ON tasks (priority DESC, coalesce(due_at, 9223372036854775807), created_at, id)
    WHERE status = 'ready' AND trashed_at IS NULL;
CREATE INDEX tasks_queue ON tasks (project_id, priority DESC, coalesce(due_at, 9223372036854775807), created_at, id)
    WHERE status = 'ready' AND queued = 1 AND trashed_at IS NULL AND held IS NULL;
CREATE INDEX tasks_timers ON tasks (not_before) WHERE status = 'ready' AND not_before IS NOT NULL;

CREATE INDEX tasks_review ON tasks (entered_at, id) WHERE status = 'review' AND trashed_at IS NULL;

CREATE TABLE task_edges (
    task_id     INTEGER NOT NULL REFERENCES tasks (id),
    upstream_id INTEGER NOT NULL REFERENCES tasks (id),
    need        TEXT NOT NULL CHECK (need IN ('success', 'failure', 'any')),
    PRIMARY KEY (task_id, upstream_id),
    CHECK (task_id <> upstream_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX edges_upstream ON task_edges (upstream_id);

ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT 'person' CHECK (origin IN ('person', 'dispatcher', 'pulled'));
-- Why this agent and this model.
ALTER TABLE runs ADD COLUMN rule TEXT;
-- The engine ends it, for this cause.
ALTER TABLE runs ADD COLUMN ends_as TEXT;
-- It was asked to stop for a more urgent one, and continues later.
ALTER TABLE runs ADD COLUMN made_way INTEGER NOT NULL DEFAULT 0 CHECK (made_way IN (0, 1));
-- What it used: tokens, and money in millionths of a dollar, told by the agent or estimated.
ALTER TABLE runs ADD COLUMN tokens_in INTEGER NOT NULL DEFAULT 0 CHECK (tokens_in >= 0);
ALTER TABLE runs ADD COLUMN tokens_out INTEGER NOT NULL DEFAULT 0 CHECK (tokens_out >= 0);
ALTER TABLE runs ADD COLUMN tokens_cached INTEGER NOT NULL DEFAULT 0 CHECK (tokens_cached >= 0);
ALTER TABLE runs ADD COLUMN micros INTEGER NOT NULL DEFAULT 0 CHECK (micros >= 0);
ALTER TABLE runs ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0 CHECK (estimated IN (0, 1));
-- Of a run that judges the task's work instead of doing it: the step of the gate and the round.
ALTER TABLE runs ADD COLUMN review_round INTEGER;
ALTER TABLE runs ADD COLUMN review_step INTEGER CHECK ((review_step IS NULL) = (review_round IS NULL));
-- The provider account that it draws on.
ALTER TABLE runs ADD COLUMN account TEXT;
-- Nobody has vouched for the run since: it may be taken for lost.
ALTER TABLE runs ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0;

CREATE INDEX runs_created ON runs (created_at);
CREATE INDEX runs_lease ON runs (lease_until) WHERE phase <> 'ended';

CREATE TABLE breakers (
    -- An agent's name, or a provider account's.
    kind          TEXT NOT NULL CHECK (kind IN ('agent', 'account')),
    name          TEXT NOT NULL,
    failures      INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    probe_at      INTEGER,
    cool_down     INTEGER NOT NULL DEFAULT 0 CHECK (cool_down >= 0),
    probe         INTEGER REFERENCES runs (id),
    resting_until INTEGER,
    PRIMARY KEY (kind, name),
    CHECK (probe IS NULL OR probe_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE reviews (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id  INTEGER NOT NULL REFERENCES tasks (id),
    -- The run whose work was judged.
    run_id   INTEGER REFERENCES runs (id),
    round    INTEGER NOT NULL CHECK (round >= 1),
    step     INTEGER NOT NULL CHECK (step >= 0),
    kind     TEXT NOT NULL CHECK (kind IN ('check', 'agent', 'person')),
    reviewer TEXT NOT NULL,
    outcome  TEXT NOT NULL CHECK (outcome IN ('approved', 'rejected', 'no_verdict')),
    -- The run that came to the verdict, once; none where a person did.
    review_run INTEGER UNIQUE REFERENCES runs (id),
    -- What the worker hears, byte for byte.
    notes    TEXT NOT NULL,
    -- What the reviewer was asked.
    prompt   TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE INDEX reviews_task ON reviews (task_id, id);
