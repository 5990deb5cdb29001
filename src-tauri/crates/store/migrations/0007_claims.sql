-- Claims by agents that run elsewhere and ask for work themselves.
--
-- A run with origin 'pulled' is vouched for by its agent: it must be heard of before `lease_until`, or
-- it is taken for lost. Any other run is vouched for by the supervisor that holds its pty-host's socket
-- and knows its end at first hand; its `lease_until` is 0 and never looked at.
--
-- What a pulled run reports must carry its number and its `uid`. The number is the fencing token: it
-- rises with every claim, and `tasks.live_run` says which one holds the task now. The `uid` keeps an
-- agent from reporting on a run by a mistyped number; it is shown to the agent that claimed, nobody else.

-- How long a heartbeat vouches, in milliseconds.
ALTER TABLE runs ADD COLUMN lease_for INTEGER NOT NULL DEFAULT 0 CHECK (lease_for >= 0);

DROP INDEX runs_lease;
CREATE INDEX runs_lease ON runs (lease_until) WHERE phase <> 'ended' AND origin = 'pulled';
-- What an agent holds; it also lists all live runs.
DROP INDEX runs_live;
CREATE INDEX runs_at_work ON runs (agent) WHERE phase <> 'ended';
-- The same as the index behind UNIQUE (task_id, attempt).
DROP INDEX runs_task;

CREATE INDEX tasks_inbox ON tasks (priority DESC, coalesce(due_at, 9223372036854775807), created_at, id)
    WHERE status = 'inbox' AND trashed_at IS NULL;
