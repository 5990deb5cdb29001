-- What programs with boards of their own keep about a card: how it came out in their words, and whatever they
-- want back unchanged. Nothing here moves a card.
CREATE TABLE task_outcomes (
    task_id         INTEGER PRIMARY KEY REFERENCES tasks (id),
    outcome         TEXT CHECK (outcome IN ('success', 'failed', 'partial', 'abandoned')),
    error_message   TEXT CHECK (length(error_message) <= 5000),
    resolution      TEXT CHECK (length(resolution) <= 20000),
    feedback_rating INTEGER CHECK (feedback_rating BETWEEN 1 AND 5),
    feedback_notes  TEXT CHECK (length(feedback_notes) <= 5000),
    estimated_hours REAL CHECK (estimated_hours >= 0),
    actual_hours    REAL CHECK (actual_hours >= 0),
    metadata        TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object' AND length(metadata) <= 65536)
) STRICT;

-- Answers to requests that came with an idempotency key. A row without a status is a request under way, or one
-- that the engine did not live to answer.
CREATE TABLE kept_answers (
    -- Who asked, and the key that they gave; the fingerprint tells one request from another.
    caller      TEXT NOT NULL,
    name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    at          INTEGER NOT NULL,
    status      INTEGER CHECK (status BETWEEN 100 AND 599),
    body        BLOB,
    PRIMARY KEY (caller, name),
    CHECK ((status IS NULL) = (body IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_answers_at ON kept_answers (at);
