-- A comment may answer another one of its card.
ALTER TABLE task_comments ADD COLUMN parent_id INTEGER REFERENCES task_comments (id);
CREATE INDEX comments_parent ON task_comments (parent_id) WHERE parent_id IS NOT NULL;

-- Who made the card, where the program that put it here says so and it was no agent of ours.
ALTER TABLE task_outcomes ADD COLUMN created_by TEXT CHECK (length(created_by) BETWEEN 1 AND 100);

-- A key for one agent's tasks may be one that only reads them.
ALTER TABLE keys RENAME TO keys_before;
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
    CHECK (role <> 'agent' OR agent IS NOT NULL),
    CHECK (agent IS NULL OR (role IN ('viewer', 'agent') AND project_id IS NULL)),
    CHECK (run_id IS NULL OR role = 'agent'),
    CHECK (project_id IS NULL OR role IN ('viewer', 'operator'))
) STRICT;
INSERT INTO keys SELECT * FROM keys_before;
DROP TABLE keys_before;
