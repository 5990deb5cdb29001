// A place for files: dropped on it, pasted while the focus is in it, or chosen.
import { type ClipboardEvent, type DragEvent, type ReactNode, useRef, useState } from "react";
import { Button } from "./Button";
import { classes } from "./css";
import styles from "./FileDrop.module.css";

export interface FileDropProps {
  /** On the button: “Add files…”. */
  label: string;
  hint?: string;
  disabled?: boolean;
  className?: string;
  onFiles(files: File[]): void;
  children?: ReactNode;
}

export function FileDrop({ label, hint, disabled, className, onFiles, children }: FileDropProps) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    if (files.length > 0 && !disabled) onFiles(files);
    return files.length > 0;
  };
  const onDrop = (event: DragEvent) => {
    setOver(false);
    if (take(event.dataTransfer.files)) event.preventDefault();
  };
  const onPaste = (event: ClipboardEvent) => {
    if (take(event.clipboardData.files)) event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button does the same for those without a mouse.
    <div
      className={classes(styles.zone, over && styles.over, className)}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
      onPaste={onPaste}
    >
      {children}
      <div className={styles.line}>
        <Button size="small" disabled={disabled} onClick={() => input.current?.click()}>
          {label}
        </Button>
        {hint && <span className={styles.hint}>{hint}</span>}
      </div>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="files"
        onChange={(event) => {
          take(event.target.files);
          event.target.value = "";
        }}
      />
    </div>
  );
}
