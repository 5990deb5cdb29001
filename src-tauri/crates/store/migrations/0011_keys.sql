-- Keys of programs and agents. Of each only the SHA-256 is kept: a key is 256 random bits, so there is
-- nothing to guess that a slow hash would protect, and a copy of this file opens no door.

CREATE TABLE keys (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    hash         BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- Its first characters, by which a person tells one from another.
    prefix       TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('viewer', 'agent', 'operator', 'admin')),
    -- The scope: a project, an agent, or one run of an agent; none of them: the whole board.
    project_id   INTEGER REFERENCES projects (id),
    agent        TEXT CHECK (length(agent) BETWEEN 1 AND 64),
    -- Good for as long as the run lives: nobody has to remember to revoke it.
    run_id       INTEGER UNIQUE REFERENCES runs (id),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER CHECK (expires_at > created_at),
    -- At most once a minute.
    last_used_at INTEGER,
    revoked_at   INTEGER,
    CHECK ((role = 'agent') = (agent IS NOT NULL)),
    CHECK (run_id IS NULL OR agent IS NOT NULL),
    CHECK (project_id IS NULL OR role IN ('viewer', 'operator'))
) STRICT;
