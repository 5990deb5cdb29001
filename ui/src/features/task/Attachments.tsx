// The card's files: what people added for the agent to read. Dropped, pasted or chosen here; taken off with a
// way back.
import { useState } from "react";
import type { Attachment, Problem, TaskDetail } from "../../bindings";
import { IconButton } from "../../components/Button";
import { FileDrop } from "../../components/FileDrop";
import { CloseIcon } from "../../components/icons";
import { InlineError } from "../../components/States";
import { sizeWords } from "../../components/size";
import { toast } from "../../components/Toast";
import { usePageFiles } from "../../components/usePageFiles";
import { useAction } from "../../data/actions";
import { useData } from "../../data/context";
import { attachAll } from "../../data/files";
import styles from "./Facts.module.css";
import { Section } from "./Section";

export interface AttachmentsProps {
  task: TaskDetail;
  onShow(file: Attachment): void;
}

export function Attachments({ task, onShow }: AttachmentsProps) {
  const data = useData();
  const [adding, setAdding] = useState(0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const add = async (files: File[]) => {
    setProblem(null);
    setAdding((count) => count + files.length);
    const kept = await attachAll(data, task.card.id, files);
    setAdding((count) => count - files.length);
    setProblem(kept);
  };
  usePageFiles((files) => void add(files));
  return (
    <Section title="Files">
      <FileDrop
        label="Add files…"
        hint="or drop or paste them on this page"
        disabled={adding > 0}
        onFiles={(files) => void add(files)}
      >
        {task.attachments.length === 0 ? (
          <p className={styles.none}>None. An agent finds what is added here in its workspace when it starts.</p>
        ) : (
          <ul className={styles.artifacts} aria-label="Files">
            {task.attachments.map((file) => (
              <li key={file.id} className={styles.fileLine}>
                <button type="button" className={styles.artifact} title={file.name} onClick={() => onShow(file)}>
                  <span className={styles.artifactName}>{file.name}</span>
                  <span className={styles.artifactSize}>{sizeWords(file.size)}</span>
                </button>
                <RemoveFile file={file} />
              </li>
            ))}
          </ul>
        )}
        {adding > 0 && (
          <p role="status" className={styles.none}>
            Adding {adding === 1 ? "a file" : `${adding} files`}…
          </p>
        )}
        {problem && <InlineError problem={problem} />}
      </FileDrop>
    </Section>
  );
}

function RemoveFile({ file }: { file: Attachment }) {
  const remove = useAction("removeAttachment");
  const restore = useAction("restoreAttachment");
  const report = (problem: Problem) => toast({ text: problem.message, next: problem.next, tone: "bad" });
  const go = () =>
    remove.mutate(
      { id: file.id },
      {
        onError: report,
        onSuccess: () =>
          toast({
            text: `${file.name} is off the card.`,
            action: { run: () => restore.mutate({ id: file.id }, { onError: report }) },
          }),
      },
    );
  return (
    <IconButton size="small" label={`Remove ${file.name}`} disabled={remove.isPending} onClick={go}>
      <CloseIcon />
    </IconButton>
  );
}
