-- Cards in review are listed by urgency, as the other open columns are.

DROP INDEX tasks_review;
CREATE INDEX tasks_review ON tasks (priority DESC, coalesce(due_at, 9223372036854775807), created_at, id)
    WHERE status = 'review' AND trashed_at IS NULL;
