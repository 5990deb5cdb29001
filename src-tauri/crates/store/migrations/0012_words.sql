-- What an agent says of the run that it is in: questions for a person, and its last word.
--
-- A question is open until a person comments on the card: that comment is its answer.
CREATE TABLE questions (
    id          INTEGER PRIMARY KEY,
    task_id     INTEGER NOT NULL REFERENCES tasks (id),
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    text        TEXT NOT NULL CHECK (text <> ''),
    asked_at    INTEGER NOT NULL,
    answer      TEXT,
    answered_at INTEGER,
    CHECK ((answer IS NULL) = (answered_at IS NULL))
) STRICT;
CREATE INDEX questions_of_task ON questions (task_id, answered_at);

-- Whether the agent says that its work is done, that it failed, or that somebody else goes on; the newest counts.
ALTER TABLE runs ADD COLUMN word TEXT CHECK (word IN ('succeeded', 'failed', 'handed'));
ALTER TABLE runs ADD COLUMN word_text TEXT NOT NULL DEFAULT '';
