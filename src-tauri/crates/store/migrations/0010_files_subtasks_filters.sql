-- What belongs to a card beside its text: files that people add, and the card that it is a sub-task of. And
-- filters of the board that have a name.

ALTER TABLE tasks ADD COLUMN parent_id INTEGER REFERENCES tasks (id) CHECK (parent_id <> id);
CREATE INDEX tasks_parent ON tasks (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE attachments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id    INTEGER NOT NULL REFERENCES tasks (id),
    -- A file's name on every system, so two that differ in case alone are one.
    name       TEXT NOT NULL COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 200),
    kind       TEXT NOT NULL,
    size       INTEGER NOT NULL CHECK (size >= 0),
    -- blake3 of the content, which lies with the artifacts'.
    hash       TEXT NOT NULL CHECK (length(hash) = 64),
    at         INTEGER NOT NULL,
    -- Taken off the card; can be put back until it is swept.
    removed_at INTEGER
) STRICT;

CREATE UNIQUE INDEX attachments_name ON attachments (task_id, name) WHERE removed_at IS NULL;
CREATE INDEX attachments_task ON attachments (task_id);

CREATE TABLE filters (
    name TEXT PRIMARY KEY COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 60),
    rule TEXT NOT NULL CHECK (json_valid(rule))
) STRICT, WITHOUT ROWID;
