-- Calling a person: what a card has been through since one last took it up, what they were called for,
-- and workflows (cards that dependencies join) that were stopped. Rules of an agent's own.

-- Failures since a person last took it up, and when the first was, unless the work has succeeded since.
ALTER TABLE tasks ADD COLUMN strikes INTEGER NOT NULL DEFAULT 0 CHECK (strikes >= 0);
ALTER TABLE tasks ADD COLUMN failing_since INTEGER;
-- Why a person is called; NULL: nobody is, or they have taken it up.
ALTER TABLE tasks ADD COLUMN called TEXT;
-- Why its workflow was stopped.
ALTER TABLE tasks ADD COLUMN stopped TEXT;
-- Of a card that reviews put on the shelf: the class of the failure, and the sentence to show. What a
-- run failed of is in the run.
ALTER TABLE tasks ADD COLUMN failed_as TEXT;
ALTER TABLE tasks ADD COLUMN failed_why TEXT CHECK ((failed_why IS NULL) = (failed_as IS NULL));

CREATE INDEX tasks_failing ON tasks (failing_since) WHERE failing_since IS NOT NULL AND called IS NULL;
CREATE INDEX tasks_calling ON tasks (status) WHERE called IS NOT NULL;

-- For people: why the engine ends it.
ALTER TABLE runs ADD COLUMN ends_why TEXT;
-- Budgets that its card has heard of: JSON, a list of marks.
ALTER TABLE runs ADD COLUMN warned TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(warned));

ALTER TABLE agents ADD COLUMN retry TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(retry));
-- NULL: as the board has it.
ALTER TABLE agents ADD COLUMN breaker TEXT CHECK (breaker IS NULL OR json_valid(breaker));

-- Limits of runs were minutes; they are seconds now.
UPDATE settings SET value = json_set(value, '$.limits.longest', (value ->> '$.limits.longest') * 60)
    WHERE key = 'queue' AND value ->> '$.limits.longest' IS NOT NULL;
UPDATE settings SET value = json_set(value, '$.limits.expected_quiet', (value ->> '$.limits.expected_quiet') * 60)
    WHERE key = 'queue' AND value ->> '$.limits.expected_quiet' IS NOT NULL;
