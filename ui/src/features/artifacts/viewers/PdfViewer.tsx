// PDFs drawn by PDF.js, because WebKitGTK has no viewer of its own. Its worker is a file of ours;
// scripts in documents, remote parts and WebAssembly are off. Pages are drawn when they come near.
import { GlobalWorkerOptions, getDocument, type PDFDocumentProxy } from "pdfjs-dist/legacy/build/pdf.mjs";
import workerUrl from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";
import { useEffect, useRef, useState } from "react";
import { Button } from "../../../components/Button";
import { EmptyState, Skeleton } from "../../../components/States";
import styles from "./viewers.module.css";

GlobalWorkerOptions.workerSrc = workerUrl;

type Opened = { state: "opening" } | { state: "open"; document: PDFDocumentProxy } | { state: "failed"; why: string };

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];

export default function PdfViewer({ path, bytes }: { path: string; bytes: Uint8Array<ArrayBuffer> }) {
  const opened = useDocument(bytes);
  const [zoom, setZoom] = useState(1);
  if (opened.state === "opening") return <Skeleton lines={8} label="Opening the PDF" />;
  if (opened.state === "failed") return <EmptyState title="This PDF cannot be shown">{opened.why}</EmptyState>;
  const { document } = opened;
  const step = (by: number) => {
    const at = ZOOMS.indexOf(zoom);
    setZoom(ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, at + by))] ?? 1);
  };
  return (
    <div className={styles.stack}>
      <div className={styles.bar}>
        <span>
          {document.numPages} {document.numPages === 1 ? "page" : "pages"}
        </span>
        <Button size="small" aria-label="Smaller" onClick={() => step(-1)}>
          −
        </Button>
        <span>{Math.round(zoom * 100)} %</span>
        <Button size="small" aria-label="Larger" onClick={() => step(1)}>
          +
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
      <section className={styles.pages} tabIndex={0} aria-label={`Pages of ${path}`}>
        {Array.from({ length: document.numPages }, (_, at) => (
          <Page key={at} document={document} number={at + 1} zoom={zoom} />
        ))}
      </section>
    </div>
  );
}

function useDocument(bytes: Uint8Array<ArrayBuffer>): Opened {
  const [opened, setOpened] = useState<Opened>({ state: "opening" });
  useEffect(() => {
    let gone = false;
    // The worker takes the bytes away from whom it gets them; ours stay with the query.
    const task = getDocument({
      data: bytes.slice(),
      enableXfa: false,
      isEvalSupported: false,
      useWasm: false,
      useWorkerFetch: false,
      stopAtErrors: false,
    });
    task.promise.then(
      (document) => !gone && setOpened({ state: "open", document }),
      (thrown) => !gone && setOpened({ state: "failed", why: whyNot(thrown) }),
    );
    return () => {
      gone = true;
      void task.destroy();
    };
  }, [bytes]);
  return opened;
}

function whyNot(thrown: unknown): string {
  const name = thrown instanceof Error ? thrown.name : "";
  if (name === "PasswordException") return "It asks for a password. Open it with a program of your choice.";
  if (name === "InvalidPDFException") return "The file is damaged or no PDF.";
  return thrown instanceof Error ? thrown.message : "It could not be read.";
}

interface PageProps {
  document: PDFDocumentProxy;
  number: number;
  zoom: number;
}

const CSS_UNITS = 96 / 72;

function Page({ document, number, zoom }: PageProps) {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const near = useNear(holder);
  const [size, setSize] = useState({ width: 612 * CSS_UNITS, height: 792 * CSS_UNITS });
  useEffect(() => {
    if (!near) return;
    let gone = false;
    let stop = () => {};
    void (async () => {
      const page = await document.getPage(number);
      const plain = page.getViewport({ scale: CSS_UNITS });
      if (gone || !canvas.current) return;
      setSize({ width: plain.width, height: plain.height });
      const density = Math.min(globalThis.devicePixelRatio || 1, 2);
      const viewport = page.getViewport({ scale: CSS_UNITS * zoom * density });
      canvas.current.width = Math.floor(viewport.width);
      canvas.current.height = Math.floor(viewport.height);
      const drawing = page.render({ canvas: canvas.current, viewport });
      stop = () => drawing.cancel();
      await drawing.promise.catch(() => {}); // cancelled: a newer drawing follows, or none is wanted
    })();
    return () => {
      gone = true;
      stop();
    };
  }, [document, number, zoom, near]);
  return (
    <div ref={holder} className={styles.sheet} style={{ width: size.width * zoom, height: size.height * zoom }}>
      {near && <canvas ref={canvas} className={styles.sheetCanvas} role="img" aria-label={`Page ${number}`} />}
    </div>
  );
}

/** True while the element is in view or nearly so: far pages give their canvas back. */
function useNear(element: React.RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver((seen) => setNear(seen.at(-1)?.isIntersecting ?? false), {
      rootMargin: "600px",
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return near;
}
