-- Cards and the issues that they stand for, with what both sides last agreed on.

CREATE TABLE task_issues (
    repository TEXT NOT NULL COLLATE NOCASE CHECK (length(repository) BETWEEN 3 AND 200),
    number     INTEGER NOT NULL CHECK (number >= 1),
    task_id    INTEGER NOT NULL UNIQUE REFERENCES tasks (id),
    title      TEXT NOT NULL,
    labels     TEXT NOT NULL CHECK (json_valid(labels) AND json_type(labels) = 'array'),
    state      TEXT NOT NULL CHECK (state IN ('open', 'completed', 'not_planned')),
    PRIMARY KEY (repository, number)
) STRICT, WITHOUT ROWID;
