// Find in the terminal: next, previous, and how many there are.
import { useEffect, useRef, useState } from "react";
import { Button, IconButton } from "../../../components/Button";
import { CloseIcon } from "../../../components/icons";
import styles from "./Terminal.module.css";

export interface FindBarProps {
  found: { index: number; count: number };
  onFind(text: string, direction: "next" | "previous", typing: boolean): void;
  onClose(): void;
}

export function FindBar({ found, onFind, onClose }: FindBarProps) {
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <search className={styles.bar}>
      <input
        ref={field}
        className={styles.find}
        aria-label="Find in the terminal"
        placeholder="Find in the terminal"
        value={text}
        spellCheck={false}
        onChange={(event) => {
          setText(event.target.value);
          onFind(event.target.value, "next", true);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") onFind(text, event.shiftKey ? "previous" : "next", false);
          else if (event.key === "Escape") onClose();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span className={styles.count} role="status">
        {text === "" ? "" : foundWords(found)}
      </span>
      <Button size="small" onClick={() => onFind(text, "previous", false)} disabled={found.count === 0}>
        Previous
      </Button>
      <Button size="small" onClick={() => onFind(text, "next", false)} disabled={found.count === 0}>
        Next
      </Button>
      <IconButton label="Close find" size="small" onClick={onClose}>
        <CloseIcon />
      </IconButton>
    </search>
  );
}

/** Index -1 with a count means that there are too many to number. */
function foundWords({ index, count }: { index: number; count: number }): string {
  if (count === 0) return "not found";
  return index < 0 ? `${count} or more` : `${index + 1} of ${count}`;
}
