// New versions of the window: looking for one, reading what is new in it, installing it.
import type { Fetched, NewVersion } from "../../bindings";
import { Button } from "../../components/Button";
import { Checkbox } from "../../components/Field";
import { Markdown } from "../../components/Markdown";
import { InlineError } from "../../components/States";
import { sizeWords } from "../../components/size";
import { useBackend } from "../../data/context";
import { useInstall, useNewVersion, useUpdateSource } from "../../data/updates";
import styles from "./SettingsForm.module.css";

/** Nothing in a browser, and in a build that knows nobody to ask. */
export function Updates({ look, onLook }: { look: boolean; onLook(look: boolean): void }) {
  const source = useUpdateSource();
  const found = useNewVersion(false);
  if (source === null) return null;
  return (
    <section className={styles.section} aria-label="New versions">
      <h2>New versions</h2>
      <Checkbox
        label="Look for a new version when Flightboard opens"
        hint={`Asks ${source} once; nothing of your work is sent.`}
        checked={look}
        onChange={(event) => onLook(event.target.checked)}
      />
      <div className={styles.row}>
        <Button onClick={() => void found.refetch()} disabled={found.isFetching}>
          {found.isFetching ? "Looking…" : "Look now"}
        </Button>
        <span role="status" className={styles.note}>
          {found.data === null && !found.isFetching && "This is the newest version."}
        </span>
      </div>
      {found.error && !found.isFetching && <InlineError problem={found.error} />}
      {found.data && <Found version={found.data} />}
    </section>
  );
}

function Found({ version }: { version: NewVersion }) {
  const backend = useBackend();
  const { install, installing, fetched, problem } = useInstall();
  return (
    <article className={styles.found} aria-label={`Version ${version.version}`}>
      <h3>{version.version} is there</h3>
      {version.notes && <Markdown onOpenLink={(url) => void backend.openUrl(url)}>{version.notes}</Markdown>}
      <div className={styles.row}>
        <Button look="primary" disabled={installing} onClick={() => install(version.version)}>
          Install {version.version} and restart
        </Button>
        <span className={styles.note}>{installing ? <Progress fetched={fetched} /> : "Agents stay at work."}</span>
      </div>
      {problem && <InlineError problem={problem} />}
    </article>
  );
}

function Progress({ fetched }: { fetched: Fetched | null }) {
  const whole = fetched?.of ?? undefined;
  return (
    <>
      <progress aria-label="Download" max={whole} value={whole === undefined ? undefined : fetched?.bytes} />
      {fetched && ` ${sizeWords(fetched.bytes)}${whole === undefined ? "" : ` of ${sizeWords(whole)}`}`}
    </>
  );
}
