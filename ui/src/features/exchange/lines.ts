// A board as a file of JSON lines: what the file is first, then one record a line. It is read whole before anything is
// sent, so that a bad line at its end leaves nothing half done, and sent in pieces that a request may hold.
import { asProblem, type Backend } from "../../backend/backend";
import type { Imported, PortableRecord, Problem } from "../../bindings";

const HEAD = { format: "flightboard", version: 1 };
/** Records sent at once, and about how many characters of them. */
const AT_ONCE = 500;
const CHARACTERS = 1024 * 1024;

/** The file's text in parts, for a Blob. */
export async function exportLines(backend: Pick<Backend, "exportRecords">): Promise<string[]> {
  const parts = [`${JSON.stringify(HEAD)}\n`];
  let cursor: string | null = null;
  do {
    const piece: Awaited<ReturnType<Backend["exportRecords"]>> = await backend.exportRecords({ cursor });
    for (const record of piece.records) parts.push(`${JSON.stringify(record)}\n`);
    cursor = piece.cursor;
  } while (cursor !== null);
  return parts;
}

/** The records of a file; throws a Problem that names the line. */
export function readLines(text: string, name: string): PortableRecord[] {
  const [first = "", ...lines] = text.split("\n");
  const head = parsed(first) as Partial<typeof HEAD> | undefined;
  if (head?.format !== HEAD.format || typeof head.version !== "number") {
    throw invalid(`${name} is no export of a board.`, `Such a file begins with ${JSON.stringify(HEAD)}.`);
  }
  if (head.version > HEAD.version) throw invalid(`${name} was written by a later Flightboard.`, "Update Flightboard.");
  return lines.flatMap((line, at) => {
    if (line.trim() === "") return [];
    const record = parsed(line);
    if (typeof record !== "object" || record === null) throw invalid(`Line ${at + 2} of ${name} cannot be read.`);
    return [record as PortableRecord];
  });
}

/** Sends the records; what is here already stays as it is. */
export async function importAll(
  backend: Pick<Backend, "importRecords">,
  records: readonly PortableRecord[],
): Promise<Imported> {
  const whole: Imported = { added: 0, known: 0, left_out: 0 };
  for (const piece of pieces(records)) {
    const part = await backend.importRecords({ records: piece }).catch((thrown) => {
      throw asProblem(thrown);
    });
    whole.added += part.added;
    whole.known += part.known;
    whole.left_out += part.left_out;
  }
  return whole;
}

export function pieces(records: readonly PortableRecord[]): PortableRecord[][] {
  const all: PortableRecord[][] = [];
  let room = 0;
  for (const record of records) {
    const size = JSON.stringify(record).length;
    const last = all.at(-1);
    if (last === undefined || last.length === AT_ONCE || size > room) {
      all.push([record]);
      room = CHARACTERS - size;
    } else {
      last.push(record);
      room -= size;
    }
  }
  return all;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(message: string, next: string | null = null): Problem {
  return { code: "invalid", message, next };
}
