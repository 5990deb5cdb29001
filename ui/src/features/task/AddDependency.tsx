// Choosing a card to wait for: a key or some words, then one of the cards found, then what it must come to.
import { type FormEvent, type KeyboardEvent, useId, useState } from "react";
import type { Card, Need, TaskDetail, TaskId } from "../../bindings";
import { Button } from "../../components/Button";
import { Select, TextField } from "../../components/Field";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";
import type { Cards } from "../../data/cards";
import { COLUMN_NAMES } from "../../data/order";
import { useCards } from "../../data/queries";
import styles from "./QueueTab.module.css";

const MOST = 8;
const NEEDS: { value: Need; label: string }[] = [
  { value: "success", label: "has succeeded" },
  { value: "failure", label: "has failed" },
  { value: "any", label: "has ended" },
];

/** Cards whose key or title has the words, the newest first. */
export function found(cards: Cards, text: string, but: ReadonlySet<TaskId>): Card[] {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hits: Card[] = [];
  for (const card of cards.all()) {
    if (card.trashed || but.has(card.id)) continue;
    const all = `${card.key} ${card.title}`.toLowerCase();
    if (words.every((word) => all.includes(word))) hits.push(card);
  }
  const exact = (card: Card) => (card.key.toLowerCase() === words[0] || String(card.id) === words[0] ? 0 : 1);
  return hits.sort((a, b) => exact(a) - exact(b) || b.id - a.id).slice(0, MOST);
}

export function AddDependency({ task }: { task: TaskDetail }) {
  const cards = useCards();
  const list = useId();
  const [text, setText] = useState("");
  const [need, setNeed] = useState<Need>("success");
  const [chosen, setChosen] = useState(0);
  const add = useAction("addDependency");
  const taken = new Set([task.card.id, ...task.queue.waits_for.map((edge) => edge.upstream)]);
  const hits = found(cards, text, taken);
  const at = Math.min(chosen, hits.length - 1);
  const choose = (card: Card | undefined) => {
    if (!card) return;
    add.mutate({ id: task.card.id, upstream: card.id, need }, { onSuccess: () => setText("") });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && hits.length > 0) {
      event.preventDefault();
      setChosen((at + step + hits.length) % hits.length);
    } else if (event.key === "Escape" && text !== "") {
      event.preventDefault();
      event.stopPropagation();
      setText("");
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    choose(hits[at]);
  };
  return (
    <form className={styles.adder} onSubmit={submit} aria-label="Wait for another card">
      <div className={styles.search}>
        <TextField
          label="Wait for a card"
          placeholder="T-12, or words of its title"
          role="combobox"
          aria-expanded={hits.length > 0}
          aria-controls={list}
          aria-activedescendant={hits.length > 0 ? `${list}-${at}` : undefined}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
            add.reset();
          }}
          onKeyDown={onKeyDown}
        />
        {hits.length > 0 && (
          <div id={list} role="listbox" aria-label="Cards" className={styles.hits}>
            {hits.map((card, place) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the box above has the keyboard.
              <div
                key={card.id}
                id={`${list}-${place}`}
                role="option"
                aria-selected={place === at}
                tabIndex={-1}
                className={styles.hit}
                onClick={() => choose(card)}
              >
                <span className={styles.hitKey}>{card.key}</span>
                <span className={styles.hitTitle}>{card.title}</span>
                <span className={styles.hitKey}>{COLUMN_NAMES[card.status].toLowerCase()}</span>
              </div>
            ))}
          </div>
        )}
        {text.trim() !== "" && hits.length === 0 && <p className={styles.quiet}>No other card has these words.</p>}
      </div>
      <Select label="Until it" options={NEEDS} value={need} onChange={(event) => setNeed(event.target.value as Need)} />
      <Button type="submit" disabled={hits.length === 0 || add.isPending}>
        Wait for it
      </Button>
      {add.error && <InlineError problem={add.error} />}
    </form>
  );
}
