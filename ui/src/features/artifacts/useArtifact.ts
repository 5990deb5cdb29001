// An artifact's bytes as queries. Content is addressed by its hash, so a changed file is a new key
// and an unchanged one is never read twice.
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { asProblem, type Backend } from "../../backend/backend";
import type { Artifact, Problem } from "../../bindings";
import { useBackend } from "../../data/context";
import { fromBase64, SHOWN_BYTES } from "./bytes";

export interface Content {
  bytes: Uint8Array<ArrayBuffer>;
  /** False when the file goes on after these bytes. */
  whole: boolean;
}

/** Where the bytes are asked for: what a run left, or what a person added to the card. */
export type Source = "artifact" | "attachment";

/** A picture or a PDF is useless in part; this is the largest that is read whole to be shown. */
export const WHOLE_BYTES = 48 * 1024 * 1024;

/** Bytes leave memory this long after they were last shown. */
const KEPT_MS = 60_000;

/** The first 4 MiB, or the whole file up to 48 MiB where only the whole makes sense. */
export function useArtifact(
  artifact: Artifact,
  need: "start" | "whole",
  from: Source = "artifact",
): UseQueryResult<Content, Problem> {
  const backend = useBackend();
  return useQuery<Content, Problem>({
    queryKey: [from, artifact.id, artifact.hash, need],
    gcTime: KEPT_MS,
    queryFn: () =>
      readArtifact(backend, artifact, need === "whole" ? WHOLE_BYTES : SHOWN_BYTES, from).catch((thrown) => {
        throw asProblem(thrown);
      }),
  });
}

export async function readArtifact(
  backend: Backend,
  artifact: Artifact,
  most: number,
  from: Source = "artifact",
): Promise<Content> {
  const read = from === "attachment" ? backend.readAttachment : backend.readArtifact;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  let total = artifact.size;
  do {
    const piece = await read({ id: artifact.id, offset, len: Math.min(SHOWN_BYTES, most - offset) });
    const bytes = fromBase64(piece.data);
    total = piece.total;
    if (bytes.length === 0) break;
    pieces.push(bytes);
    offset += bytes.length;
  } while (offset < Math.min(total, most));
  return { bytes: joined(pieces, offset), whole: offset >= total };
}

function joined(pieces: Uint8Array<ArrayBuffer>[], length: number): Uint8Array<ArrayBuffer> {
  const only = pieces[0];
  if (pieces.length === 1 && only) return only;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
