// The deleted cards as rows. A thousand of them is fine as a plain list: nobody scrolls a trash for long,
// so the rest waits behind a button.
import { useState } from "react";
import type { Card } from "../../bindings";
import { Button } from "../../components/Button";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";
import { COLUMN_NAMES } from "../../data/order";
import styles from "./TrashList.module.css";

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
  const restore = useAction("restoreTask");
  return (
    <li className={styles.row}>
      <span className={styles.key}>{card.key}</span>
      <span className={styles.title}>{card.title}</span>
      <span className={styles.key}>{COLUMN_NAMES[card.status]}</span>
      <Button size="small" disabled={restore.isPending} onClick={() => restore.mutate({ id: card.id })}>
        Restore<span className="unseen"> {card.key}</span>
      </Button>
      {restore.error && <InlineError problem={restore.error} />}
    </li>
  );
}
