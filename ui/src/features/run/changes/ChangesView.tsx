// The Changes tab: what the run's workspace has that its base has not. Files on the left, as a tree
// or flat, the chosen file's diff on the right.
import { useMemo, useState } from "react";
import type { ChangedFile, ChangeKind, Changes, Run } from "../../../bindings";
import { Button } from "../../../components/Button";
import { classes } from "../../../components/css";
import { ChevronDownIcon, ChevronRightIcon } from "../../../components/icons";
import { EmptyState, ErrorState, Skeleton } from "../../../components/States";
import { VirtualLines } from "../../../components/VirtualLines";
import { useChanges, useDiff } from "../../../data/queries";
import { isLive } from "../../../data/words";
import styles from "./ChangesView.module.css";
import { DiffView } from "./DiffView";
import { filterFiles, flatRows, type TreeRow, treeRows } from "./fileTree";

const ROW = 26;

export interface ChangesViewProps {
  run: Run;
  /** The chosen file; null chooses the first. */
  path: string | null;
  onPath(path: string): void;
}

export default function ChangesView({ run, path, onPath }: ChangesViewProps) {
  const changes = useChanges(run.id);
  if (changes.error) return <ErrorState problem={changes.error} onRetry={() => void changes.refetch()} />;
  if (!changes.data) return <Skeleton lines={6} label="Reading the changes" />;
  const { files, note } = changes.data;
  if (files.length === 0) return <NoChanges run={run} note={note} />;
  const chosen = files.find((file) => file.path === path) ?? firstFile(files);
  return (
    <div className={styles.view}>
      <FileList changes={changes.data} chosen={chosen ? chosen.path : null} onPath={onPath} />
      <div className={styles.diff}>{chosen && <FileDiff run={run} file={chosen} />}</div>
    </div>
  );
}

/** The topmost file of the tree. */
function firstFile(files: readonly ChangedFile[]): ChangedFile | undefined {
  for (const row of treeRows(files, new Set())) if (row.kind === "file") return row.file;
  return undefined;
}

function NoChanges({ run, note }: { run: Run; note: string | null }) {
  if (note) return <EmptyState title="Nothing to compare">{note}</EmptyState>;
  return (
    <EmptyState title="No changes yet">
      {isLive(run.status)
        ? "Files that the agent adds, changes or deletes appear here."
        : "The run ended without changing a file in its workspace."}
    </EmptyState>
  );
}

function FileDiff({ run, file }: { run: Run; file: ChangedFile }) {
  const diff = useDiff(run.id, file.binary ? null : file.path);
  if (file.binary) {
    return <EmptyState title={file.path}>A binary file; its content cannot be compared line by line.</EmptyState>;
  }
  if (diff.error) return <ErrorState problem={diff.error} onRetry={() => void diff.refetch()} />;
  if (!diff.data) return <Skeleton lines={8} label="Reading the diff" />;
  const title = file.from ? `${file.from} → ${file.path}` : file.path;
  return <DiffView key={file.path} title={title} patch={diff.data.patch} cut={diff.data.cut} />;
}

const LETTERS: Record<ChangeKind, { letter: string; word: string }> = {
  added: { letter: "A", word: "added" },
  modified: { letter: "M", word: "modified" },
  deleted: { letter: "D", word: "deleted" },
  renamed: { letter: "R", word: "renamed" },
  untracked: { letter: "U", word: "new, not committed" },
};

interface FileListProps {
  changes: Changes;
  chosen: string | null;
  onPath(path: string): void;
}

function FileList({ changes, chosen, onPath }: FileListProps) {
  const [filter, setFilter] = useState("");
  const [flat, setFlat] = useState(false);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => {
    const shown = filterFiles(changes.files, filter);
    return flat ? flatRows(shown) : treeRows(shown, closed);
  }, [changes.files, filter, flat, closed]);
  const toggle = (folder: string) => {
    const next = new Set(closed);
    if (!next.delete(folder)) next.add(folder);
    setClosed(next);
  };
  const { count, commits, cut } = changes;
  return (
    <div className={styles.files}>
      <p className={styles.sum}>
        {count.files} {count.files === 1 ? "file" : "files"} <Delta added={count.added} removed={count.removed} />
        {commits > 0 && ` · ${commits} ${commits === 1 ? "commit" : "commits"}`}
      </p>
      <div className={styles.tools}>
        <input
          className={styles.filter}
          aria-label="Filter the files"
          placeholder="Filter"
          value={filter}
          spellCheck={false}
          onChange={(event) => setFilter(event.target.value)}
        />
        <Button
          size="small"
          look="plain"
          className={styles.mode}
          title={flat ? "Show the folders as a tree" : "Show a flat list of paths"}
          onClick={() => setFlat(!flat)}
        >
          {flat ? "Tree" : "Flat"}
        </Button>
      </div>
      {cut && <p className={styles.cut}>More than 2,000 files changed; the list is cut.</p>}
      {rows.length === 0 && <p className={styles.none}>No file matches “{filter}”.</p>}
      <VirtualLines
        label="Changed files"
        className={styles.list}
        count={rows.length}
        rowHeight={ROW}
        line={(index) => {
          const row = rows[index];
          return row ? <ListRow row={row} chosen={chosen} closed={closed} onPath={onPath} onToggle={toggle} /> : null;
        }}
      />
    </div>
  );
}

interface ListRowProps {
  row: TreeRow<ChangedFile>;
  chosen: string | null;
  closed: ReadonlySet<string>;
  onPath(path: string): void;
  onToggle(folder: string): void;
}

function ListRow({ row, chosen, closed, onPath, onToggle }: ListRowProps) {
  const indent = { paddingLeft: 6 + row.depth * 14 };
  if (row.kind === "folder") {
    const open = !closed.has(row.path);
    return (
      <button
        type="button"
        className={styles.row}
        style={indent}
        aria-expanded={open}
        onClick={() => onToggle(row.path)}
      >
        {open ? <ChevronDownIcon /> : <ChevronRightIcon />}
        <span className={styles.folder}>{row.name}</span>
        {!open && <Delta added={row.added} removed={row.removed} />}
      </button>
    );
  }
  const { file } = row;
  const { letter, word } = LETTERS[file.kind];
  return (
    <button
      type="button"
      className={styles.row}
      style={indent}
      aria-current={file.path === chosen || undefined}
      title={file.from ? `${file.from} → ${file.path}` : file.path}
      onClick={() => onPath(file.path)}
    >
      <span className={classes(styles.kind, styles[file.kind])} title={word}>
        <span aria-hidden="true">{letter}</span>
        <span className="unseen">{word}</span>
      </span>
      <span className={styles.name}>{row.name}</span>
      {file.binary ? (
        <span className={styles.binary}>binary</span>
      ) : (
        <Delta added={file.added} removed={file.removed} />
      )}
    </button>
  );
}

function Delta({ added, removed }: { added: number; removed: number }) {
  return (
    <span className={styles.delta}>
      {added > 0 && <span className={styles.plus}>+{added}</span>}
      {removed > 0 && <span className={styles.minus}>−{removed}</span>}
    </span>
  );
}
