// An HTML report in a frame without any right: see htmlFrame.ts.
import { useMemo } from "react";
import { frameDocument } from "../htmlFrame";
import styles from "./viewers.module.css";

export function HtmlViewer({ path, text }: { path: string; text: string }) {
  const document = useMemo(() => frameDocument(text), [text]);
  return (
    <div className={styles.stack}>
      <p className={styles.bar}>Shown without scripts and without the network.</p>
      <iframe className={styles.frame} title={path} sandbox="" referrerPolicy="no-referrer" srcDoc={document} />
    </div>
  );
}
