-- Cards deleted for ever. The row stays, emptied: runs, dependencies and the log of changes refer to it, and
-- its number is not given again.

ALTER TABLE tasks ADD COLUMN deleted_at INTEGER CHECK (deleted_at IS NULL OR trashed_at IS NOT NULL);
CREATE INDEX tasks_deleted ON tasks (id) WHERE deleted_at IS NOT NULL;
