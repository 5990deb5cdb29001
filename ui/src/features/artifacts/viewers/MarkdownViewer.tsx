// Markdown as a page to read. Very long documents are shown as text, which stays smooth.

import { asProblem } from "../../../backend/backend";
import { Markdown } from "../../../components/Markdown";
import { toast } from "../../../components/Toast";
import { useBackend } from "../../../data/context";
import { TextViewer } from "./TextViewer";
import styles from "./viewers.module.css";

const MOST_RENDERED = 400_000;

export function MarkdownViewer({ text }: { text: string }) {
  const backend = useBackend();
  if (text.length > MOST_RENDERED) return <TextViewer path="a long document" text={text} />;
  const open = (url: string) => {
    toast({
      text: `Open ${url}?`,
      action: {
        label: "Open",
        run: () => {
          backend.openUrl(url).catch((thrown) => {
            const problem = asProblem(thrown);
            toast({ text: problem.message, next: problem.next, tone: "bad" });
          });
        },
      },
    });
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
    <section className={styles.page} tabIndex={0} aria-label="Document">
      <Markdown onOpenLink={open}>{text}</Markdown>
    </section>
  );
}
