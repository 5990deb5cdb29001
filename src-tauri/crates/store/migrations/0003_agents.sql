-- The agent registry. A row with a built-in agent's name lays its settings over that agent; any other
-- name is an agent of the person's own. Rows of removed agents stay.

CREATE TABLE agents (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    uid           TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL
                  CHECK (length(name) BETWEEN 1 AND 64 AND name GLOB '[a-z0-9]*' AND name NOT GLOB '*[^a-z0-9._-]*'),
    title         TEXT NOT NULL CHECK (length(title) <= 100),
    -- Which adapter reads it: claude, codex, …, custom. The adapters are the program's, not the file's.
    kind          TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    -- What differs from the built-in profile of that kind.
    profile       TEXT NOT NULL CHECK (json_valid(profile) AND json_type(profile) = 'object'),
    role          TEXT CHECK (length(role) BETWEEN 1 AND 64),
    instructions  TEXT NOT NULL CHECK (length(instructions) <= 50000),
    skills        TEXT NOT NULL CHECK (json_valid(skills) AND json_type(skills) = 'array'),
    max_capacity  INTEGER NOT NULL CHECK (max_capacity BETWEEN 1 AND 64),
    model         TEXT CHECK (length(model) BETWEEN 1 AND 100),
    enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    registered_at INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL CHECK (updated_at >= registered_at),
    -- The last heartbeat of an agent that fetches its own work; the others never send one.
    last_seen_at  INTEGER,
    removed_at    INTEGER
) STRICT;

CREATE UNIQUE INDEX agents_name ON agents (name) WHERE removed_at IS NULL;
