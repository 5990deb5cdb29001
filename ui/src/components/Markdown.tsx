// Markdown as people and agents write it. Hostile by assumption: no raw HTML, no remote images, and a
// link does nothing but tell the caller that it was clicked, and only if its scheme is harmless.
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import styles from "./Markdown.module.css";

const SAFE = /^(https?|mailto):/i;

export interface MarkdownProps {
  children: string;
  /** Asked to open a link. Without it links are plain text. */
  onOpenLink?: (url: string) => void;
}

export function Markdown({ children, onOpenLink }: MarkdownProps) {
  return (
    <div className={styles.markdown}>
      <ReactMarkdown remarkPlugins={[remarkGfm]} skipHtml urlTransform={keepSafe} components={parts(onOpenLink)}>
        {children}
      </ReactMarkdown>
    </div>
  );
}

function keepSafe(url: string): string {
  return SAFE.test(url) ? url : "";
}

function parts(onOpenLink: MarkdownProps["onOpenLink"]): Components {
  return {
    a: ({ href, children }) =>
      href && onOpenLink ? (
        <a
          href={href}
          title={href}
          rel="noreferrer"
          onClick={(event) => {
            event.preventDefault();
            onOpenLink(href);
          }}
          onAuxClick={(event) => event.preventDefault()}
        >
          {children}
        </a>
      ) : (
        <span>{children}</span>
      ),
    img: ({ alt }) => <span className={styles.image}>[image{alt ? `: ${alt}` : ""}]</span>,
    input: ({ checked }) => <span>{checked ? "☑ " : "☐ "}</span>,
  };
}
