// Every address in the interface. What a person may want to come back to is in the address: the page,
// the project, the search, the shelf, the task's tab.
import {
  createRootRoute,
  createRoute,
  createRouter,
  type RouterHistory,
  retainSearchParams,
} from "@tanstack/react-router";
import type { DueIn } from "../bindings";
import { BoardView } from "./BoardView";
import { BrokenView } from "./BrokenView";
import { NotFoundView } from "./NotFoundView";
import {
  AgentsView,
  ExchangeView,
  KeysView,
  ProjectsView,
  QueueView,
  SchedulesView,
  SettingsView,
  TaskView,
  TrashView,
  WebhooksView,
  WelcomeView,
} from "./pages";
import { Shell } from "./Shell";

export type RootSearch = {
  /** Development only: which fake scene is playing. */
  fake?: string | number;
};

export interface BoardSearch {
  project?: number;
  q?: string;
  shelf?: boolean;
  /** Tags with commas between. */
  tags?: string;
  agent?: string;
  priority?: number;
  due?: DueIn;
  /** The filter bar is open although it narrows nothing. */
  bar?: boolean;
}

const DUE: readonly DueIn[] = ["overdue", "today", "week", "none"];

export interface TaskSearch {
  tab?: string;
  /** Which run the tabs are about; the newest that did the work if left out. */
  run?: number;
}

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFoundView,
  validateSearch: (search: Record<string, unknown>): RootSearch => {
    const fake = search.fake;
    return typeof fake === "string" || typeof fake === "number" ? { fake } : {};
  },
  search: { middlewares: [retainSearchParams<RootSearch>(["fake"])] },
});

const board = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: BoardView,
  validateSearch: (search): BoardSearch => ({
    project: positive(search.project),
    q: words(search.q),
    shelf: isOn(search.shelf),
    tags: words(search.tags),
    agent: words(search.agent),
    priority: positive(search.priority),
    due: DUE.find((due) => due === search.due),
    bar: isOn(search.bar),
  }),
});

const task = createRoute({
  getParentRoute: () => root,
  path: "/task/$id",
  component: TaskView,
  params: {
    parse: ({ id }) => ({ id: Number(id.replace(/^t-/i, "")) }),
    stringify: ({ id }) => ({ id: String(id) }),
  },
  validateSearch: (search): TaskSearch => ({
    tab: typeof search.tab === "string" ? search.tab : undefined,
    run: positive(search.run),
  }),
});

const projects = createRoute({ getParentRoute: () => root, path: "/projects", component: ProjectsView });
const agents = createRoute({ getParentRoute: () => root, path: "/agents", component: AgentsView });
const settings = createRoute({ getParentRoute: () => root, path: "/settings", component: SettingsView });
const keys = createRoute({ getParentRoute: () => root, path: "/settings/keys", component: KeysView });
const webhooks = createRoute({ getParentRoute: () => root, path: "/settings/webhooks", component: WebhooksView });
const exchange = createRoute({ getParentRoute: () => root, path: "/settings/exchange", component: ExchangeView });
const schedules = createRoute({ getParentRoute: () => root, path: "/schedules", component: SchedulesView });
const queue = createRoute({ getParentRoute: () => root, path: "/queue", component: QueueView });
const trash = createRoute({ getParentRoute: () => root, path: "/trash", component: TrashView });
const welcome = createRoute({ getParentRoute: () => root, path: "/welcome", component: WelcomeView });

function words(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function isOn(value: unknown): true | undefined {
  return value === true || value === 1 || value === "1" ? true : undefined;
}

function positive(value: unknown): number | undefined {
  const number = Number(value);
  return value !== undefined && Number.isInteger(number) && number > 0 ? number : undefined;
}

const routeTree = root.addChildren([
  board,
  task,
  projects,
  agents,
  queue,
  schedules,
  settings,
  keys,
  webhooks,
  exchange,
  trash,
  welcome,
]);

/** A router of its own for each test; the page has the one below. */
export function makeRouter(history?: RouterHistory) {
  return createRouter({
    routeTree,
    history,
    defaultErrorComponent: BrokenView,
    defaultPreload: false,
    scrollRestoration: false,
  });
}

export const router = makeRouter();

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
