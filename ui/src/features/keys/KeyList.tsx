// The keys that programs and agents bring: whose, what they may do, when they were last used. Those that are over stay
// to be looked up.
import { useState } from "react";
import type { Key, Project } from "../../bindings";
import { Button } from "../../components/Button";
import { serverNow } from "../../components/clock";
import { ConfirmDialog } from "../../components/Dialog";
import rows from "../../components/Rows.module.css";
import { StatusWord } from "../../components/StatusWord";
import { RelativeTime } from "../../components/Time";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import styles from "./Keys.module.css";
import { endWords, roleWord, scopeWords } from "./words";

const AT_FIRST = 50;

export function KeyList({ keys, projects }: { keys: Key[]; projects: Project[] }) {
  const [asked, setAsked] = useState<Key | null>(null);
  const revoke = useAction("revokeKey");
  const good = keys.filter((key) => key.good);
  const over = keys.filter((key) => !key.good);
  const go = (key: Key) =>
    revoke.mutate(
      { id: key.id },
      {
        onSuccess: () => toast({ text: `The key ${key.name} is revoked.` }),
        onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }),
      },
    );
  return (
    <div>
      {good.length > 0 ? (
        <Rows label="Keys" keys={good} projects={projects} onRevoke={setAsked} />
      ) : (
        <p>No key is good any more.</p>
      )}
      {over.length > 0 && (
        <details className={styles.over}>
          <summary>Revoked and ended ({over.length})</summary>
          <Rows label="Revoked and ended keys" keys={over} projects={projects} />
        </details>
      )}
      <ConfirmDialog
        open={asked !== null}
        title={`Revoke the key ${asked?.name ?? ""}?`}
        note="Whatever uses it is refused from its next request on. A revoked key does not come back; make a new one instead."
        confirm="Revoke"
        danger
        onClose={() => setAsked(null)}
        onConfirm={() => {
          if (asked) go(asked);
          setAsked(null);
        }}
      />
    </div>
  );
}

interface RowsProps {
  label: string;
  keys: Key[];
  projects: Project[];
  onRevoke?(key: Key): void;
}

function Rows({ label, keys, projects, onRevoke }: RowsProps) {
  const [most, setMost] = useState(AT_FIRST);
  const now = serverNow();
  return (
    <>
      <ul className={rows.list} aria-label={label}>
        {keys.slice(0, most).map((key) => (
          <li key={key.id} className={styles.row}>
            <div className={rows.head}>
              <span className={key.good ? rows.name : styles.ended}>{key.name}</span>
              <span className={styles.prefix}>{key.prefix}…</span>
            </div>
            <p className={rows.facts}>
              <StatusWord tone={key.good ? "plain" : "unknown"}>{roleWord(key.role)}</StatusWord>
              <span>{scopeWords(key, projects)}</span>
              <span>
                {key.last_used_at === null ? (
                  "never used"
                ) : (
                  <>
                    last used <RelativeTime at={key.last_used_at} />
                  </>
                )}
              </span>
              <span>{endWords(key, now)}</span>
            </p>
            {onRevoke && (
              <Button size="small" onClick={() => onRevoke(key)}>
                Revoke<span className="unseen"> {key.name}</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
      {keys.length > most && <Button onClick={() => setMost(most + AT_FIRST)}>Show more ({keys.length - most})</Button>}
    </>
  );
}
