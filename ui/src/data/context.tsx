// Joins a backend to the interface: one card store, one query cache, one feed of change events.
// Everything below the provider reads through the hooks in this folder.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import type { Backend, Connection } from "../backend/backend";
import { Cards } from "./cards";
import { Feed } from "./feed";
import { invalidateQueries } from "./keys";
import { planWatch } from "./planWatch";

export interface DataSource {
  backend: Backend;
  cards: Cards;
  feed: Feed;
  queries: QueryClient;
}

export function createData(backend: Backend): DataSource {
  const cards = new Cards();
  const queries = new QueryClient({
    defaultOptions: {
      // Change events say when something is stale; time and focus say nothing.
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        retry: false,
        networkMode: "always",
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
  const replan = planWatch(queries);
  const feed = new Feed(
    { getBoard: () => backend.getBoard({}), getCards: (ids) => backend.getCards({ ids }) },
    {
      takeBoard: (board) => cards.replaceAll(board),
      takeCards: (asked, fresh) => cards.update(asked, fresh),
      takeLive: (live) =>
        cards.setLive(live.task, {
          run: live.run,
          status: live.status,
          lastLine: live.last_line,
          outputBytes: live.output_bytes,
        }),
      invalidate: (stale) => {
        invalidateQueries(queries, stale);
        replan(stale);
      },
    },
  );
  return { backend, cards, feed, queries };
}

const DataContext = createContext<DataSource | null>(null);
const ConnectionContext = createContext<Connection>("connecting");

export function DataProvider({ data, children }: { data: DataSource; children: ReactNode }) {
  const [connection, setConnection] = useState<Connection>("connecting");
  useEffect(
    () => data.backend.subscribe({ onEvent: (event) => data.feed.hear(event), onConnection: setConnection }),
    [data],
  );
  return (
    <DataContext value={data}>
      <ConnectionContext value={connection}>
        <QueryClientProvider client={data.queries}>{children}</QueryClientProvider>
      </ConnectionContext>
    </DataContext>
  );
}

export function useData(): DataSource {
  const data = useContext(DataContext);
  if (data === null) throw new Error("This part of the interface needs a DataProvider above it.");
  return data;
}

export function useBackend(): Backend {
  return useData().backend;
}

/** Whether change events are arriving. */
export function useConnection(): Connection {
  return useContext(ConnectionContext);
}
