-- What lists and counts read: the cards that are over, newest first, and those that wait for a person.

CREATE INDEX tasks_over ON tasks (status, entered_at DESC, id DESC) WHERE finished_at IS NOT NULL AND trashed_at IS NULL;
CREATE INDEX tasks_held ON tasks (entered_at) WHERE held IS NOT NULL AND trashed_at IS NULL;
