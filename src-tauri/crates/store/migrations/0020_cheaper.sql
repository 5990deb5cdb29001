-- The same CHECKs in other words. `x IN (three words or more)` makes a table of the words each time that a statement
-- runs, `x = one OR x = another` compares. What is stored and what is refused stay as they are, so the text of the
-- tables is changed in place, as https://sqlite.org/lang_altertable.html#otheralter describes.

PRAGMA writable_schema = ON;

UPDATE sqlite_schema SET sql = replace(replace(replace(sql,
    'status IN (''inbox'', ''ready'', ''in_progress'', ''review'', ''done'', ''failed'', ''cancelled'')',
    'status = ''inbox'' OR status = ''ready'' OR status = ''in_progress'' OR status = ''review'' OR status = ''done'' OR status = ''failed'' OR status = ''cancelled'''),
    '(status IN (''done'', ''failed'', ''cancelled''))',
    '(status = ''done'' OR status = ''failed'' OR status = ''cancelled'')'),
    'came_from IN (''inbox'', ''ready'', ''review'', ''failed'')',
    'came_from = ''inbox'' OR came_from = ''ready'' OR came_from = ''review'' OR came_from = ''failed''')
    WHERE type = 'table' AND name = 'tasks';

UPDATE sqlite_schema SET sql = replace(replace(replace(replace(replace(replace(sql,
    'phase IN (''queued'', ''preparing'', ''running'', ''ended'')',
    'phase = ''queued'' OR phase = ''preparing'' OR phase = ''running'' OR phase = ''ended'''),
    'activity IN (''working'', ''waiting'', ''idle'', ''rate_limited'', ''unknown'')',
    'activity = ''working'' OR activity = ''waiting'' OR activity = ''idle'' OR activity = ''rate_limited'' OR activity = ''unknown'''),
    'outcome IN (''succeeded'', ''failed'', ''stopped'', ''lost'')',
    'outcome = ''succeeded'' OR outcome = ''failed'' OR outcome = ''stopped'' OR outcome = ''lost'''),
    'ws_kind IN (''worktree'', ''folder'', ''inplace'')',
    'ws_kind = ''worktree'' OR ws_kind = ''folder'' OR ws_kind = ''inplace'''),
    'origin IN (''person'', ''dispatcher'', ''pulled'')',
    'origin = ''person'' OR origin = ''dispatcher'' OR origin = ''pulled'''),
    'word IN (''succeeded'', ''failed'', ''handed'')',
    'word = ''succeeded'' OR word = ''failed'' OR word = ''handed''')
    WHERE type = 'table' AND name = 'runs';

PRAGMA writable_schema = RESET;

-- A project's open cards, however many are over: how many there are, and those that have begun and wait again.
CREATE INDEX tasks_open ON tasks (project_id, trashed_at, finished_at) WHERE finished_at IS NULL AND trashed_at IS NULL AND project_id IS NOT NULL;
-- All cards but these are counted by counting the table.
CREATE INDEX tasks_trashed ON tasks (trashed_at) WHERE trashed_at IS NOT NULL;
CREATE INDEX tasks_again ON tasks (project_id) WHERE runs > 0 AND status IN ('inbox', 'ready') AND trashed_at IS NULL;
