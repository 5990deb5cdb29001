// Short messages at the foot, with Undo where a step can be taken back. One list for the whole
// window; `toast()` may be called from anywhere.
import { useEffect, useSyncExternalStore } from "react";
import { Button, IconButton } from "./Button";
import { classes } from "./css";
import { CloseIcon } from "./icons";
import styles from "./Toast.module.css";

export interface ToastMessage {
  text: string;
  /** The next step, under the text. */
  next?: string | null;
  tone?: "plain" | "bad";
  /** Label and effect of the one button; “Undo” if only the effect is given. */
  action?: { label?: string; run(): void };
}

interface Shown extends ToastMessage {
  id: number;
}

const LASTS_MS = 8_000;
const BAD_LASTS_MS = 20_000;
const MOST = 3;

let shown: readonly Shown[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

/** Shows the message; returns how to take it away early. */
export function toast(message: ToastMessage): () => void {
  lastId += 1;
  const id = lastId;
  set([...shown, { ...message, id }].slice(-MOST));
  return () => dismiss(id);
}

export function dismissToasts(): void {
  set([]);
}

function dismiss(id: number): void {
  set(shown.filter((message) => message.id !== id));
}

function set(next: readonly Shown[]): void {
  shown = next;
  for (const heard of listeners) heard();
}

function listen(heard: () => void): () => void {
  listeners.add(heard);
  return () => listeners.delete(heard);
}

export function Toaster() {
  const messages = useSyncExternalStore(listen, () => shown);
  return (
    <section className={styles.toaster} aria-label="Messages" aria-live="polite">
      {messages.map((message) => (
        <Toast key={message.id} message={message} />
      ))}
    </section>
  );
}

function Toast({ message }: { message: Shown }) {
  const { id, tone, action } = message;
  useEffect(() => {
    const timer = setTimeout(() => dismiss(id), tone === "bad" ? BAD_LASTS_MS : LASTS_MS);
    return () => clearTimeout(timer);
  }, [id, tone]);
  return (
    <div className={classes(styles.toast, tone === "bad" && styles.bad)} role={tone === "bad" ? "alert" : "status"}>
      <div className={styles.words}>
        <p>{message.text}</p>
        {message.next && <p className={styles.next}>{message.next}</p>}
      </div>
      {action && (
        <Button
          size="small"
          onClick={() => {
            dismiss(id);
            action.run();
          }}
        >
          {action.label ?? "Undo"}
        </Button>
      )}
      <IconButton label="Dismiss" size="small" onClick={() => dismiss(id)}>
        <CloseIcon />
      </IconButton>
    </div>
  );
}
