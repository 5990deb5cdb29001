// The whole board to a file and back, and another program's board into this one.
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { asProblem } from "../../backend/backend";
import type { Imported, Problem } from "../../bindings";
import { Button } from "../../components/Button";
import { TextField } from "../../components/Field";
import { FileDrop } from "../../components/FileDrop";
import { InlineError } from "../../components/States";
import { sentence } from "../../components/sentence";
import { toast } from "../../components/Toast";
import { useBackend } from "../../data/context";
import styles from "./Exchange.module.css";
import { exportLines, importAll, readLines } from "./lines";

export const FILE = "flightboard.jsonl";

function useWork<T, R>(work: (given: T) => Promise<R>) {
  return useMutation<R, Problem, T>({
    mutationFn: (given) =>
      work(given).catch((thrown) => {
        throw asProblem(thrown);
      }),
  });
}

export function ExportBoard() {
  const backend = useBackend();
  const save = useWork(async () => {
    if (backend.kind === "window") {
      const place = await backend.saveBoard();
      if (place !== null) toast({ text: `The board is in ${place}.` });
      return;
    }
    download(new Blob(await exportLines(backend), { type: "application/jsonl" }));
  });
  return (
    <div>
      <p className={styles.note}>
        Projects, cards, comments, dependencies, ended runs, schedules, agents and attached files, as JSON lines.{" "}
        <code>flightboard export --markdown</code> writes a folder of Markdown instead.
      </p>
      <Button className={styles.below} disabled={save.isPending} onClick={() => save.mutate(undefined)}>
        {save.isPending ? "Writing…" : "Export the board…"}
      </Button>
      {save.error && <InlineError problem={whole(save.error)} />}
    </div>
  );
}

function download(blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = FILE;
  link.click();
  // The browser has taken the address by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href));
}

export function ImportFile() {
  const backend = useBackend();
  const take = useWork(async (files: File[]) => {
    const records = [];
    for (const file of files) records.push(...readLines(await file.text(), `“${file.name}”`));
    return importAll(backend, records);
  });
  return (
    <>
      <p className={styles.note}>
        What is here already stays as it is; a file that is read twice changes nothing the second time.{" "}
        <code>flightboard import</code> reads folders of Markdown too, and the ZIP of Vibe Kanban’s cloud.
      </p>
      <FileDrop
        className={styles.drop}
        label={take.isPending ? "Reading…" : "Choose a file…"}
        hint="One that “Export the board” wrote; or drop it here."
        disabled={take.isPending}
        onFiles={(files) => take.mutate(files)}
      >
        <Outcome imported={take.data} problem={take.error} />
      </FileDrop>
    </>
  );
}

export function ImportVibeKanban() {
  const backend = useBackend();
  const [path, setPath] = useState("");
  const take = useWork(async (from: string) => {
    const { records } = await backend.readVibeKanban({ path: from });
    return importAll(backend, records);
  });
  const pick = async () => {
    const chosen = await backend.pickFile();
    if (chosen === null) return;
    setPath(chosen);
    take.mutate(chosen);
  };
  return (
    <form
      className={styles.add}
      aria-label="From Vibe Kanban"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        take.mutate(path.trim());
      }}
    >
      <TextField
        label="Vibe Kanban’s database"
        mono
        placeholder="/home/you/.local/share/vibe-kanban/db.sqlite"
        hint="It is only read, on the machine where Flightboard runs."
        value={path}
        onChange={(event) => {
          setPath(event.target.value);
          take.reset();
        }}
      />
      {backend.canOpen && <Button onClick={() => void pick()}>Choose a file…</Button>}
      <Button type="submit" disabled={path.trim() === "" || take.isPending}>
        {take.isPending ? "Reading…" : "Import"}
      </Button>
      <div className={styles.wide}>
        <Outcome imported={take.data} problem={take.error} />
      </div>
    </form>
  );
}

function Outcome({ imported, problem }: { imported: Imported | undefined; problem: Problem | null }) {
  if (problem) return <InlineError problem={whole(problem)} />;
  if (!imported) return null;
  const { added, known, left_out } = imported;
  return (
    <p role="status" className={styles.outcome}>
      {added === 1 ? "1 record" : `${added} records`} added, {known} here already
      {left_out > 0 && `, ${left_out} left out because what they belong to is not here`}.
    </p>
  );
}

function whole({ message, next }: Problem) {
  const full = (text: string) => `${sentence(text).replace(/\.$/, "")}.`;
  return { message: full(message), next: next && full(next) };
}
