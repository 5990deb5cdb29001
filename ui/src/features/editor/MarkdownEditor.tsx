// A text box for Markdown with a preview beside the question of how it will look.
import { useState } from "react";
import { TextArea } from "../../components/Field";
import { Markdown } from "../../components/Markdown";
import { type Tab, Tabs } from "../../components/Tabs";
import { useBackend } from "../../data/context";
import styles from "./NewCardDialog.module.css";

type View = "write" | "preview";
const VIEWS: Tab<View>[] = [
  { id: "write", label: "Write" },
  { id: "preview", label: "Preview" },
];

export interface MarkdownEditorProps {
  label: string;
  hint?: string;
  value: string;
  onChange(value: string): void;
}

export function MarkdownEditor({ label, hint, value, onChange }: MarkdownEditorProps) {
  const [view, setView] = useState<View>("write");
  const backend = useBackend();
  return (
    <div className={styles.editor}>
      <Tabs<View> label={label} tabs={VIEWS} current={view} onChange={setView} panelId="markdown-panel" />
      <div id="markdown-panel" role="tabpanel" aria-label={label}>
        {view === "write" ? (
          <TextArea
            label={label}
            hideLabel
            mono
            rows={9}
            hint={hint}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        ) : (
          <div className={styles.preview}>
            {value.trim() ? (
              <Markdown onOpenLink={(url) => void backend.openUrl(url)}>{value}</Markdown>
            ) : (
              <p className={styles.nothing}>Nothing to preview yet.</p>
            )}
          </div>
        )}
      </div>
    </div>
  );
}
