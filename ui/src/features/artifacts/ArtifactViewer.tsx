// One artifact: a head with what can be done with it, and the viewer for its kind. Content is hostile:
// every viewer shows it as data, and none runs anything in it.
import { lazy, type ReactNode, Suspense, useState } from "react";
import { asProblem, type Backend } from "../../backend/backend";
import type { Artifact, Run } from "../../bindings";
import { Button } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { ErrorState, Skeleton } from "../../components/States";
import { sizeWords } from "../../components/size";
import { toast } from "../../components/Toast";
import { useBackend } from "../../data/context";
import type { DrawDiff } from "./ArtifactsView";
import styles from "./ArtifactsView.module.css";
import { asText } from "./bytes";
import { type Content, readArtifact, type Source, useArtifact } from "./useArtifact";
import { CsvViewer } from "./viewers/CsvViewer";
import { HexViewer } from "./viewers/HexViewer";
import { HtmlViewer } from "./viewers/HtmlViewer";
import { ImageViewer } from "./viewers/ImageViewer";
import { JsonViewer } from "./viewers/JsonViewer";
import { MarkdownViewer } from "./viewers/MarkdownViewer";
import { TextViewer } from "./viewers/TextViewer";

/** PDF.js is by far the largest part; it is loaded when a PDF is. */
const PdfViewer = lazy(() => import("./viewers/PdfViewer"));

export interface ArtifactViewerProps {
  artifact: Artifact;
  run: Run | null;
  drawDiff: DrawDiff;
  from?: Source;
}

export function ArtifactViewer({ artifact, run, drawDiff, from = "artifact" }: ArtifactViewerProps) {
  const [asSource, setAsSource] = useState(false);
  const content = useArtifact(artifact, needsWhole(artifact) ? "whole" : "start", from);
  return (
    <section className={styles.viewer} aria-label={artifact.path}>
      <div className={styles.head}>
        <span className={styles.title} title={artifact.path}>
          {artifact.path}
        </span>
        <span className={styles.size}>{sizeWords(artifact.size)}</span>
        <span className={styles.tools}>
          {hasSource(artifact) && (
            <Button size="small" aria-pressed={asSource} onClick={() => setAsSource(!asSource)}>
              {asSource ? "Rendered" : "Source"}
            </Button>
          )}
          <ContentActions artifact={artifact} run={run} content={content.data} from={from} />
        </span>
      </div>
      {content.error && <ErrorState problem={content.error} onRetry={() => void content.refetch()} />}
      {content.isPending && <Skeleton lines={8} label={`Reading ${artifact.path}`} />}
      {content.data && (
        <>
          {!content.data.whole && (
            <p className={styles.note}>
              Shown: the first {sizeWords(content.data.bytes.length)} of {sizeWords(artifact.size)}.
            </p>
          )}
          <div className={styles.content}>
            <Suspense fallback={<Skeleton lines={8} label="Opening the viewer" />}>
              <Viewer artifact={artifact} content={content.data} asSource={asSource} drawDiff={drawDiff} />
            </Suspense>
          </div>
        </>
      )}
    </section>
  );
}

function needsWhole({ kind }: Artifact): boolean {
  return kind === "image" || kind === "pdf";
}

function hasSource({ kind, path }: Artifact): boolean {
  return ["markdown", "html", "json", "csv", "diff"].includes(kind) || path.toLowerCase().endsWith(".svg");
}

interface ViewerProps {
  artifact: Artifact;
  content: Content;
  asSource: boolean;
  drawDiff: DrawDiff;
}

function Viewer({ artifact, content, asSource, drawDiff }: ViewerProps): ReactNode {
  const { bytes, whole } = content;
  const text = () => asText(bytes).text;
  if (asSource) return <TextViewer path={artifact.path} text={text()} />;
  switch (artifact.kind) {
    case "markdown":
      return <MarkdownViewer text={text()} />;
    case "image":
      return whole ? <ImageViewer path={artifact.path} bytes={bytes} /> : <HexViewer bytes={bytes} />;
    case "pdf":
      return whole ? <PdfViewer path={artifact.path} bytes={bytes} /> : <HexViewer bytes={bytes} />;
    case "html":
      return <HtmlViewer path={artifact.path} text={text()} />;
    case "json":
      return <JsonViewer path={artifact.path} text={text()} whole={whole} />;
    case "csv":
      return <CsvViewer path={artifact.path} text={text()} />;
    case "diff":
      return drawDiff(artifact.path, text(), !whole);
    case "text":
      return <TextViewer path={artifact.path} text={text()} />;
    case "binary":
      return <HexViewer bytes={bytes} />;
  }
}

interface ContentActionsProps {
  artifact: Artifact;
  run: Run | null;
  content: Content | undefined;
  from: Source;
}

function ContentActions({ artifact, run, content, from }: ContentActionsProps) {
  const backend = useBackend();
  const workspace = run?.workspace?.present ? run.workspace : null;
  const path = workspace ? `${workspace.path}/artifacts/${artifact.path}` : artifact.path;
  const report = (thrown: unknown) => {
    const problem = asProblem(thrown);
    toast({ text: problem.message, next: problem.next, tone: "bad" });
  };
  return (
    <>
      <CopyButton text={path} label="Copy the path" />
      {content && isTextual(artifact) && (
        <Button
          size="small"
          onClick={() =>
            void navigator.clipboard
              .writeText(asText(content.bytes).text)
              .then(
                () => toast({ text: content.whole ? "Content copied." : "The part that is shown was copied." }),
                report,
              )
          }
        >
          Copy
        </Button>
      )}
      {backend.canOpen && workspace && (
        <Button size="small" onClick={() => void backend.openPath(path).catch(report)}>
          Open
        </Button>
      )}
      {backend.canOpen ? (
        <Button size="small" onClick={() => void saveCopy(backend, artifact, from).catch(report)}>
          Save a copy…
        </Button>
      ) : (
        <Button size="small" onClick={() => void download(backend, artifact, from).catch(report)}>
          Save
        </Button>
      )}
    </>
  );
}

function isTextual({ kind }: Artifact): boolean {
  return kind !== "image" && kind !== "pdf" && kind !== "binary";
}

async function saveCopy(backend: Backend, artifact: Artifact, from: Source): Promise<void> {
  const save = from === "attachment" ? backend.saveAttachment : backend.saveArtifact;
  const path = await save(artifact.id);
  if (path === null) return;
  const folder = path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")));
  const open = () => void backend.openPath(folder).catch(() => {});
  toast({ text: `Saved as ${path}`, action: { label: "Open the folder", run: open } });
}

/** The browser's own download, from memory: no address of the engine's ever serves a file. */
async function download(backend: Backend, artifact: Artifact, from: Source): Promise<void> {
  const { bytes } = await readArtifact(backend, artifact, Number.MAX_SAFE_INTEGER, from);
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = artifact.path.slice(artifact.path.lastIndexOf("/") + 1);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
