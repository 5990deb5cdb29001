// The deleted cards as rows. A thousand of them is fine as a plain list: nobody scrolls a trash for long,
// so the rest waits behind a button.
import { useState } from "react";
import type { Card } from "../../bindings";
import { Button } from "../../components/Button";
import { ConfirmDialog } from "../../components/Dialog";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";
import { COLUMN_NAMES } from "../../data/order";
import styles from "./TrashList.module.css";
import { deletionNote } from "./words";

const AT_FIRST = 100;

export function TrashList({ cards }: { cards: Card[] }) {
  const [shown, setShown] = useState(AT_FIRST);
  return (
    <>
      <ul className={styles.list} aria-label="Deleted cards">
        {cards.slice(0, shown).map((card) => (
          <Row key={card.id} card={card} />
        ))}
      </ul>
      {cards.length > shown && (
        <div>
          <Button onClick={() => setShown(shown + AT_FIRST)}>Show more ({cards.length - shown})</Button>
        </div>
      )}
    </>
  );
}

function Row({ card }: { card: Card }) {
  const [asking, setAsking] = useState(false);
  const restore = useAction("restoreTask");
  const remove = useAction("deleteTask");
  const busy = restore.isPending || remove.isPending;
  const problem = restore.error ?? remove.error;
  const go = () => {
    setAsking(false);
    remove.mutate({ id: card.id });
  };
  return (
    <li className={styles.row}>
      <span className={styles.key}>{card.key}</span>
      <span className={styles.title}>{card.title}</span>
      <span className={styles.key}>{COLUMN_NAMES[card.status]}</span>
      <Button size="small" disabled={busy} onClick={() => restore.mutate({ id: card.id })}>
        Restore<span className="unseen"> {card.key}</span>
      </Button>
      <Button size="small" disabled={busy} onClick={() => setAsking(true)}>
        Delete for ever<span className="unseen"> {card.key}</span>
      </Button>
      {problem && <InlineError problem={problem} />}
      <ConfirmDialog
        open={asking}
        title={`Delete ${card.key} for ever?`}
        note={deletionNote(card)}
        confirm="Delete for ever"
        danger
        onConfirm={go}
        onClose={() => setAsking(false)}
      />
    </li>
  );
}
