// Files that a person gives to a card: read in the page, sent one after the other. The engine decides what it
// takes; what is plainly too large is said before it is read.
import { asProblem } from "../backend/backend";
import type { Problem, TaskId } from "../bindings";
import { act } from "./actions";
import type { DataSource } from "./context";

/** Bytes of one file, as the engine has it. */
export const FILE_MAX = 20 * 1024 * 1024;
const MIB = 1024 * 1024;

/** What is wrong with the file, in the engine's words; null if nothing. */
export function fileProblem({ name, size }: Pick<File, "name" | "size">): string | null {
  if (size <= FILE_MAX) return null;
  return `“${name}” has ${Math.ceil(size / MIB)} MiB, the limit for one file is ${FILE_MAX / MIB} MiB`;
}

/** Adds the files to the card; returns what kept one from being added, the first of them. The others are added. */
export async function attachAll(data: DataSource, task: TaskId, files: readonly File[]): Promise<Problem | null> {
  let first: Problem | null = null;
  for (const file of files) {
    const problem = await attach(data, task, file);
    first ??= problem;
  }
  return first;
}

async function attach(data: DataSource, task: TaskId, file: File): Promise<Problem | null> {
  const large = fileProblem(file);
  if (large) return { code: "invalid", message: large, next: null };
  try {
    await act(data, "addAttachment", { task, name: file.name || "pasted", data: await base64Of(file) });
    return null;
  } catch (thrown) {
    if (thrown instanceof DOMException) {
      return { code: "invalid", message: `“${file.name}” cannot be read; it may be a folder`, next: null };
    }
    return asProblem(thrown);
  }
}

function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,?/, ""));
    reader.onerror = () => reject(reader.error ?? new DOMException("unreadable"));
    reader.readAsDataURL(file);
  });
}
