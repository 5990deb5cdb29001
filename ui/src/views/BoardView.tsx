// The board's screen: its states, its filter from the address.
import { getRouteApi } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useMemo } from "react";
import { Button } from "../components/Button";
import { setServerNow } from "../components/clock";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import type { Filter } from "../data/filter";
import { useBoard, useProjects } from "../data/queries";
import { Board } from "../features/board/Board";
import styles from "./BoardView.module.css";

const route = getRouteApi("/");

export function BoardView() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const board = useBoard();
  const projects = useProjects();
  const now = board.data?.now;
  useEffect(() => {
    if (now !== undefined) setServerNow(now);
  }, [now]);

  const text = search.q ?? "";
  const project = search.project ?? null;
  // Typing stays smooth: the columns follow when there is time.
  const filter = useDeferredValue(useMemo<Filter>(() => ({ text, project }), [text, project]));

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
      <Board filter={filter} shelf={search.shelf === true} />
    </main>
  );
}
