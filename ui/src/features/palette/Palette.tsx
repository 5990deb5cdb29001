// Ctrl K: everything by name. Commands first, then what can be done to the chosen cards, then cards.
import { Command } from "cmdk";
import { Dialog } from "radix-ui";
import { useDeferredValue, useMemo, useState } from "react";
import type { Card } from "../../bindings";
import { Kbd } from "../../components/Kbd";
import type { Cards } from "../../data/cards";
import { matcher } from "../../data/filter";
import { COLUMN_NAMES } from "../../data/order";
import { useCards } from "../../data/queries";
import styles from "./Palette.module.css";

export interface PaletteCommand {
  id: string;
  label: string;
  /** Heading that it stands under. */
  group: string;
  shortcut?: string;
  run(): void;
}

export interface PaletteProps {
  commands: PaletteCommand[];
  /** What is in the box at first. */
  text?: string;
  onOpenCard(card: Card): void;
  onClose(): void;
}

const MOST_CARDS = 30;

export function Palette({ commands, text = "", onOpenCard, onClose }: PaletteProps) {
  const [query, setQuery] = useState(text);
  const asked = useDeferredValue(query);
  const cards = useCards();
  const found = useMemo(() => findCards(cards, asked), [cards, asked]);
  const groups = useMemo(
    () => grouped(commands.filter((command) => mentions(command.label, asked))),
    [commands, asked],
  );
  const doThen = (effect: () => void) => () => {
    onClose();
    effect();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.veil} />
        <Dialog.Content className={styles.palette} aria-describedby={undefined}>
          <Dialog.Title className="unseen">Commands and cards</Dialog.Title>
          <Command shouldFilter={false} label="Commands and cards" loop>
            <Command.Input
              className={styles.input}
              value={query}
              onValueChange={setQuery}
              placeholder="Type a command, a title or T-12"
            />
            <Command.List className={styles.list}>
              <Command.Empty className={styles.empty}>Nothing by that name.</Command.Empty>
              {[...groups].map(([group, members]) => (
                <Command.Group key={group} heading={group} className={styles.group}>
                  {members.map((command) => (
                    <Command.Item
                      key={command.id}
                      value={`command ${command.id}`}
                      className={styles.item}
                      onSelect={doThen(command.run)}
                    >
                      <span className={styles.label}>{command.label}</span>
                      {command.shortcut && <Kbd>{command.shortcut}</Kbd>}
                    </Command.Item>
                  ))}
                </Command.Group>
              ))}
              {found.length > 0 && (
                <Command.Group heading="Cards" className={styles.group}>
                  {found.map((card) => (
                    <Command.Item
                      key={card.id}
                      value={`card ${card.id}`}
                      className={styles.item}
                      onSelect={doThen(() => onOpenCard(card))}
                    >
                      <span className={styles.key}>{card.key}</span>
                      <span className={styles.label}>{card.title}</span>
                      <span className={styles.where}>{COLUMN_NAMES[card.status]}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function mentions(label: string, query: string): boolean {
  const text = label.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function grouped(commands: PaletteCommand[]): Map<string, PaletteCommand[]> {
  const groups = new Map<string, PaletteCommand[]>();
  for (const command of commands) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  return groups;
}

function findCards(cards: Cards, query: string): Card[] {
  const text = query.trim();
  if (text === "") return [];
  const passes = matcher({ text, project: null });
  const found: Card[] = [];
  for (const card of cards.all()) {
    if (!card.trashed && passes(card)) found.push(card);
  }
  const exact = text.toLowerCase().replace(/^t-/, "");
  return found.sort((a, b) => rank(b, exact) - rank(a, exact) || b.entered_at - a.entered_at).slice(0, MOST_CARDS);
}

function rank(card: Card, text: string): number {
  if (String(card.id) === text) return 2;
  return card.title.toLowerCase().startsWith(text) ? 1 : 0;
}
