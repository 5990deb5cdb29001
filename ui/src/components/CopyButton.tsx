// Copies a text and says so for a moment.
import { useState } from "react";
import { IconButton } from "./Button";
import { CheckIcon, CopyIcon } from "./icons";
import { toast } from "./Toast";

const SAID_FOR_MS = 1_500;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), SAID_FOR_MS);
    } catch {
      toast({ text: "The clipboard could not be written.", next: "Select the text and copy it by hand.", tone: "bad" });
    }
  };
  return (
    <IconButton label={copied ? "Copied" : label} size="small" onClick={() => void copy()}>
      {copied ? <CheckIcon /> : <CopyIcon />}
    </IconButton>
  );
}
