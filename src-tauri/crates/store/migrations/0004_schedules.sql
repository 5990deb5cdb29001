-- Schedules, and what each of their firings became. A firing is known by its nominal time, so that it
-- makes exactly one card whatever stops the engine in between. The template is no task.

CREATE TABLE schedules (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    uid           TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    project_id    INTEGER REFERENCES projects (id),
    -- What was typed, and the five cron fields that it means on the zone's wall clock.
    words         TEXT NOT NULL CHECK (length(words) BETWEEN 1 AND 200),
    cron          TEXT NOT NULL CHECK (cron GLOB '* * * * *'),
    zone          TEXT NOT NULL CHECK (length(zone) BETWEEN 1 AND 64),
    -- The card that a firing makes; the title names its date.
    title         TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 500 AND title GLOB '*{*}*'),
    description   TEXT NOT NULL,
    priority      INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 10),
    tags          TEXT NOT NULL CHECK (json_valid(tags)),
    assignee      TEXT CHECK (length(assignee) BETWEEN 1 AND 64),
    status        TEXT NOT NULL CHECK (status IN ('inbox', 'ready')),
    misfire       TEXT NOT NULL CHECK (misfire IN ('skip', 'one', 'all')),
    misfire_cap   INTEGER NOT NULL CHECK (misfire_cap BETWEEN 1 AND 100),
    overlap       TEXT NOT NULL CHECK (overlap IN ('skip', 'queue', 'allow')),
    paused        INTEGER NOT NULL CHECK (paused IN (0, 1)),
    -- The newest nominal time that was decided on; never decided on again.
    considered_at INTEGER NOT NULL,
    next_at       INTEGER,
    -- The newest firing that made no card.
    skipped_at    INTEGER,
    skip_reason   TEXT CHECK (skip_reason IN ('missed', 'still_open', 'queue_full')),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    removed_at    INTEGER,
    CHECK ((skipped_at IS NULL) = (skip_reason IS NULL)),
    CHECK (next_at IS NULL OR (paused = 0 AND removed_at IS NULL AND next_at > considered_at))
) STRICT;

CREATE UNIQUE INDEX schedules_name ON schedules (name COLLATE NOCASE) WHERE removed_at IS NULL;
CREATE INDEX schedules_next ON schedules (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE schedule_firings (
    schedule_id INTEGER NOT NULL REFERENCES schedules (id),
    nominal_at  INTEGER NOT NULL,
    -- Asked for by a person, outside the schedule's times.
    manual      INTEGER NOT NULL CHECK (manual IN (0, 1)),
    -- None: it waits for the last card to be finished.
    task_id     INTEGER UNIQUE REFERENCES tasks (id),
    fired_at    INTEGER,
    PRIMARY KEY (schedule_id, nominal_at, manual),
    CHECK ((task_id IS NULL) = (fired_at IS NULL)),
    CHECK (manual = 0 OR task_id IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX firings_waiting ON schedule_firings (schedule_id, nominal_at) WHERE task_id IS NULL;
