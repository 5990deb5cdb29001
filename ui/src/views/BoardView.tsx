// The board's screen: its states, its filter from the address.
import { getRouteApi } from "@tanstack/react-router";
import { useDeferredValue, useMemo } from "react";
import { Button } from "../components/Button";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import type { Cards } from "../data/cards";
import { type Filter, isNarrowed } from "../data/filter";
import { useAgents, useBoard, useCount, useFilters, useProjects } from "../data/queries";
import { Board } from "../features/board/Board";
import { FilterBar } from "../features/filters/FilterBar";
import styles from "./BoardView.module.css";
import { searchOf } from "./boardSearch";

const route = getRouteApi("/");

export function BoardView() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const board = useBoard();
  const projects = useProjects();

  const text = search.q ?? "";
  const project = search.project ?? null;
  // Typing stays smooth: the columns follow when there is time.
  const { tags, agent, priority, due } = search;
  const chosen = useMemo<Filter>(
    () => ({ text, project, tags: tags?.split(","), agent, priority, due }),
    [text, project, tags, agent, priority, due],
  );
  const filter = useDeferredValue(chosen);

  if (board.isError) {
    return (
      <main className={styles.main}>
        <ErrorState problem={board.error} onRetry={() => void board.refetch()} />
      </main>
    );
  }
  if (!board.data) {
    return (
      <main className={styles.loading} aria-label="Board">
        {Array.from({ length: 5 }, (_, at) => (
          <div key={at} className={styles.loadingColumn}>
            <Skeleton lines={4 - (at % 3)} height={64} label="Loading the board" />
          </div>
        ))}
      </main>
    );
  }
  const unknown = project !== null && projects.data !== undefined && !projects.data.some((one) => one.id === project);
  if (unknown) {
    return (
      <main className={styles.main}>
        <EmptyState
          title="This project is not on the list any more."
          action={<Button onClick={() => void navigate({ search: {} })}>Show all cards</Button>}
        />
      </main>
    );
  }
  return (
    <main className={styles.main} aria-label="Board">
      <h1 className="unseen">Board</h1>
      {(search.bar || isNarrowed(chosen)) && <Narrow filter={chosen} shelf={search.shelf} />}
      <Board filter={filter} shelf={search.shelf === true} />
    </main>
  );
}

/** Apart from the board: it alone follows the tags of all cards. */
function Narrow({ filter, shelf }: { filter: Filter; shelf: boolean | undefined }) {
  const navigate = route.useNavigate();
  const saved = useFilters().data ?? [];
  const agents = useAgents().data ?? [];
  const tags = useCount(tagsInUse);
  return (
    <FilterBar
      filter={filter}
      saved={saved}
      agents={agents}
      tags={tags}
      onChange={(next) => void navigate({ search: searchOf(next, shelf, true), replace: true })}
      onClose={() => void navigate({ search: { shelf } })}
    />
  );
}

function tagsInUse(cards: Cards): string[] {
  const tags = new Set<string>();
  for (const card of cards.all()) for (const tag of card.tags) tags.add(tag);
  return [...tags].sort((a, b) => a.localeCompare(b));
}
