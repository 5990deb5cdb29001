// A picture, fitted to the room or at its own size. SVG too: as an image element it cannot run scripts.
import { useEffect, useMemo, useState } from "react";
import { Button } from "../../../components/Button";
import { classes } from "../../../components/css";
import { EmptyState } from "../../../components/States";
import { imageType } from "../bytes";
import styles from "./viewers.module.css";

export function ImageViewer({ path, bytes }: { path: string; bytes: Uint8Array<ArrayBuffer> }) {
  const [fit, setFit] = useState(true);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const [broken, setBroken] = useState(false);
  const url = useBlobUrl(bytes, imageType(path));
  if (broken)
    return <EmptyState title="This picture cannot be shown">Its data is damaged or of an unknown kind.</EmptyState>;
  return (
    <div className={styles.stack}>
      <div className={styles.bar}>
        <span>{size ? `${size.width} × ${size.height}` : ""}</span>
        <Button size="small" onClick={() => setFit(!fit)}>
          {fit ? "100 %" : "Fit"}
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
      <section className={styles.canvas} tabIndex={0} aria-label="Picture">
        {url && (
          <img
            src={url}
            alt={path}
            className={classes(styles.image, fit && styles.fit)}
            onLoad={({ currentTarget: image }) => setSize({ width: image.naturalWidth, height: image.naturalHeight })}
            onError={() => setBroken(true)}
          />
        )}
      </section>
    </div>
  );
}

/** An address for bytes in memory, given back when they are no longer shown. */
function useBlobUrl(bytes: Uint8Array<ArrayBuffer>, type: string): string | null {
  const blob = useMemo(() => new Blob([bytes], { type }), [bytes, type]);
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}
