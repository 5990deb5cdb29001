// The first bytes of a file that is no text, as hexdump writes them.
import { useMemo } from "react";
import { sizeWords } from "../../../components/size";
import { VirtualLines } from "../../../components/VirtualLines";
import { hexRows } from "../bytes";
import styles from "./viewers.module.css";

const MOST = 64 * 1024;

export function HexViewer({ bytes }: { bytes: Uint8Array }) {
  const rows = useMemo(() => hexRows(bytes, MOST), [bytes]);
  return (
    <div className={styles.stack}>
      <p className={styles.bar}>
        {bytes.length === 0 ? "An empty file." : `A binary file; its first ${sizeWords(Math.min(bytes.length, MOST))}.`}
      </p>
      <VirtualLines
        label="Bytes"
        className={styles.fill}
        count={rows.length}
        rowHeight={18}
        width={84}
        line={(index) => {
          const row = rows[index];
          return (
            row && (
              <span className={styles.hex}>
                <span className={styles.offset}>{row.offset}</span>
                <span className={styles.bytes}>{row.hex}</span>
                <span className={styles.ascii}>{row.text}</span>
              </span>
            )
          );
        }}
      />
    </div>
  );
}
