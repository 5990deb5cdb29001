// Orders changed files for the list: flat by path, or as a tree whose folders that hold nothing but
// one folder are joined ("src/store/table"), filtered by what the person typed.

export interface Listed {
  path: string;
  from: string | null;
  added: number;
  removed: number;
}

export type TreeRow<F extends Listed> =
  | { kind: "folder"; path: string; name: string; depth: number; files: number; added: number; removed: number }
  | { kind: "file"; file: F; name: string; depth: number };

/** Every word must occur in the path, old or new; case does not matter. */
export function filterFiles<F extends Listed>(files: readonly F[], text: string): F[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return files.filter((file) => {
    const path = `${file.path} ${file.from ?? ""}`.toLowerCase();
    return words.every((word) => path.includes(word));
  });
}

interface Folder<F> {
  folders: Map<string, Folder<F>>;
  files: F[];
}

export function treeRows<F extends Listed>(files: readonly F[], closed: ReadonlySet<string>): TreeRow<F>[] {
  const root: Folder<F> = { folders: new Map(), files: [] };
  for (const file of files) place(root, file);
  const rows: TreeRow<F>[] = [];
  list(root, "", 0, closed, rows);
  return rows;
}

export function flatRows<F extends Listed>(files: readonly F[]): TreeRow<F>[] {
  return [...files]
    .sort((a, b) => compare(a.path, b.path))
    .map((file) => ({ kind: "file", file, name: file.path, depth: 0 }));
}

function place<F extends Listed>(root: Folder<F>, file: F): void {
  let folder = root;
  for (const name of file.path.split("/").slice(0, -1)) {
    let next = folder.folders.get(name);
    if (!next) {
      next = { folders: new Map(), files: [] };
      folder.folders.set(name, next);
    }
    folder = next;
  }
  folder.files.push(file);
}

function list<F extends Listed>(
  folder: Folder<F>,
  path: string,
  depth: number,
  closed: ReadonlySet<string>,
  rows: TreeRow<F>[],
): void {
  for (const [name, child] of [...folder.folders].sort(([a], [b]) => compare(a, b))) {
    const joined = join(name, child);
    const full = path ? `${path}/${joined.name}` : joined.name;
    const inside = filesOf(joined.folder);
    rows.push({
      kind: "folder",
      path: full,
      name: joined.name,
      depth,
      files: inside.length,
      added: inside.reduce((n, f) => n + f.added, 0),
      removed: inside.reduce((n, f) => n + f.removed, 0),
    });
    if (!closed.has(full)) list(joined.folder, full, depth + 1, closed, rows);
  }
  for (const file of [...folder.files].sort((a, b) => compare(a.path, b.path))) {
    rows.push({ kind: "file", file, name: file.path.slice(file.path.lastIndexOf("/") + 1), depth });
  }
}

function join<F>(name: string, folder: Folder<F>): { name: string; folder: Folder<F> } {
  let joined = name;
  let at = folder;
  while (at.files.length === 0 && at.folders.size === 1) {
    const only = at.folders.entries().next().value;
    if (!only) break;
    joined = `${joined}/${only[0]}`;
    at = only[1];
  }
  return { name: joined, folder: at };
}

function filesOf<F extends Listed>(folder: Folder<F>): F[] {
  return [...folder.files, ...[...folder.folders.values()].flatMap(filesOf)];
}

/** Byte order is stable on every machine; a locale's order is not. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
