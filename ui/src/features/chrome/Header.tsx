// The bar at the top: name, search, who needs you, a new card.
import { type KeyboardEvent, type ReactNode, type Ref, useEffect, useState } from "react";
import { Button } from "../../components/Button";
import { Kbd } from "../../components/Kbd";
import styles from "./Header.module.css";

export interface HeaderProps {
  /** The words that the board is filtered by. */
  search: string;
  searchRef: Ref<HTMLInputElement>;
  needYou: number;
  /** The queue's state and its switch. */
  queue?: ReactNode;
  onHome(): void;
  onSearch(text: string): void;
  /** Enter in the search box. */
  onSubmitSearch(text: string): void;
  onPalette(): void;
  /** Opens or closes the filter bar; none where there is no board. */
  onFilters?(): void;
  filtersOpen?: boolean;
  onNextNeeding(): void;
  onNewCard(): void;
}

export function Header(props: HeaderProps) {
  const { needYou, queue, filtersOpen, onHome, onPalette, onFilters, onNextNeeding, onNewCard } = props;
  return (
    <header className={styles.header}>
      <button type="button" className={styles.logo} onClick={onHome} aria-label="Flightboard, to the board">
        <span aria-hidden="true">
          FLIGHT<b>BOARD</b>
        </span>
      </button>
      <div className={styles.search}>
        <SearchBox {...props} />
        <button type="button" className={styles.palette} onClick={onPalette} aria-label="Ctrl K, commands">
          <Kbd>Ctrl K</Kbd>
        </button>
      </div>
      {onFilters && (
        <Button size="small" aria-expanded={filtersOpen} onClick={onFilters}>
          Filter <Kbd>F</Kbd>
        </Button>
      )}
      <div className={styles.actions}>
        {queue}
        {needYou > 0 && (
          <Button look="signal" size="small" onClick={onNextNeeding} data-testid="need-you">
            {needYou} need{needYou === 1 ? "s" : ""} you
          </Button>
        )}
        <Button look="primary" onClick={onNewCard}>
          New card <Kbd>C</Kbd>
        </Button>
      </div>
    </header>
  );
}

/** Keeps its own text while it is typed in; the address follows a keystroke behind. */
function SearchBox({ search, searchRef, onSearch, onSubmitSearch }: HeaderProps) {
  const [text, setText] = useState(search);
  useEffect(() => setText(search), [search]);
  const change = (next: string) => {
    setText(next);
    onSearch(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Escape") {
      if (text === "") event.currentTarget.blur();
      change("");
    } else if (event.key === "Enter") onSubmitSearch(text);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <input
      ref={searchRef}
      type="search"
      aria-label="Search cards"
      placeholder="Search cards, tags, agents"
      autoComplete="off"
      spellCheck={false}
      className={styles.input}
      value={text}
      onChange={(event) => change(event.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}
