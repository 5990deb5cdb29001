-- Addresses that are told of events, and what became of each message. The secret is kept as it is: it has to
-- sign. It opens nothing here, it only proves to the other side who is talking.

CREATE TABLE webhooks (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    url             TEXT NOT NULL,
    secret          TEXT NOT NULL,
    -- JSON list of nouns (task) and events (task.completed); empty: all.
    types           TEXT NOT NULL CHECK (json_type(types) = 'array'),
    project_id      INTEGER REFERENCES projects (id),
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    private_allowed INTEGER NOT NULL CHECK (private_allowed IN (0, 1)),
    -- The newest change that was looked at; what comes after it is still to be told.
    considered      INTEGER NOT NULL,
    -- Failures in a row, and the rest that follows from them.
    failures        INTEGER NOT NULL DEFAULT 0,
    resting_until   INTEGER,
    rest            INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    removed_at      INTEGER
) STRICT;

CREATE TABLE webhook_deliveries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id  INTEGER NOT NULL REFERENCES webhooks (id),
    -- The change it tells of; none: a test by a person.
    seq         INTEGER,
    event       TEXT NOT NULL,
    payload     TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('waiting', 'delivered', 'given_up')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER,
    -- Of the newest attempt: the HTTP status, what went wrong in words, milliseconds.
    code        INTEGER,
    trouble     TEXT,
    took        INTEGER,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    CHECK ((status = 'waiting') = (next_at IS NOT NULL)),
    CHECK ((status = 'waiting') = (ended_at IS NULL)),
    -- No event is queued twice, whatever is killed when.
    UNIQUE (webhook_id, seq)
) STRICT;

CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, id) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (webhook_id, id) WHERE status <> 'waiting';
