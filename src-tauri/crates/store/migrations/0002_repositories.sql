-- Further repositories of a project. In a workspace each has a directory beside that of the project's
-- own, which is called after its folder.

CREATE TABLE project_repositories (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    -- One path component; the finer rules are in the domain.
    directory  TEXT NOT NULL COLLATE NOCASE
               CHECK (length(directory) BETWEEN 1 AND 64 AND instr(directory, '/') = 0 AND directory NOT IN ('.', '..', '.git')),
    path       BLOB NOT NULL,
    -- Branch or commit that its worktrees start from; its HEAD if empty.
    base       TEXT NOT NULL,
    added_at   INTEGER NOT NULL,
    UNIQUE (project_id, directory),
    UNIQUE (project_id, path)
) STRICT;
