// The frame around every screen: header, rail, footer, and what opens over them. It joins the features
// that must not know one another: the board's actions, the launcher, the palette, the card editor.
import { Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { type ComponentProps, lazy, type MouseEvent, Suspense, useEffect, useMemo, useRef, useState } from "react";
import type { TaskId } from "../bindings";
import { compareClocks } from "../components/clock";
import { EmptyState } from "../components/States";
import { toast } from "../components/Toast";
import { useNoStrayFiles } from "../components/usePageFiles";
import { useAction } from "../data/actions";
import { type Cards, openByProject } from "../data/cards";
import { useBackend, useConnection } from "../data/context";
import { isNarrowed } from "../data/filter";
import { BOARD_COLUMNS } from "../data/order";
import {
  useAgents,
  useBoard,
  useCard,
  useCards,
  useCount,
  useFilters,
  useOverview,
  useProjects,
  useQueuePolicy,
  useSettings,
} from "../data/queries";
import { useNewVersion } from "../data/updates";
import { hasLiveRun } from "../data/words";
import { CARD_ACTIONS, labelOf } from "../features/board/actions";
import { useCalls } from "../features/board/calls";
import { BoardDeskProvider, useDesk } from "../features/board/desk";
import { needingYou, nextNeeding } from "../features/board/needs";
import { useSelection } from "../features/board/selection";
import { Footer } from "../features/chrome/Footer";
import { Header } from "../features/chrome/Header";
import { Nav, type NavProps } from "../features/chrome/Nav";
import { LaunchProvider, useLaunch } from "../features/launch/Launcher";
import type { PaletteCommand } from "../features/palette/Palette";
import { QueueSwitch, usePause } from "../features/queue/QueueSwitch";
import { useTheme } from "../features/settings/theme";
import { searchOf } from "./boardSearch";
import { inFlightOf } from "./flight";
import { fetchOtherPages } from "./pages";
import type { BoardSearch } from "./router";
import styles from "./Shell.module.css";
import { SHORTCUTS } from "./shortcuts";
import { useWindowKeys } from "./useWindowKeys";

// Each opens over the board when a key asks for it; the first paint does not wait for them.
const overlays = {
  palette: () => import("../features/palette/Palette"),
  card: () => import("../features/editor/NewCardDialog"),
  keys: () => import("../features/chrome/ShortcutsDialog"),
  answer: () => import("../features/run/Answer"),
};
const Palette = lazy(() => overlays.palette().then((file) => ({ default: file.Palette })));
const NewCardDialog = lazy(() => overlays.card().then((file) => ({ default: file.NewCardDialog })));
const ShortcutsDialog = lazy(() => overlays.keys().then((file) => ({ default: file.ShortcutsDialog })));
const AnswerDialog = lazy(() => overlays.answer().then((file) => ({ default: file.AnswerDialog })));
const FETCH_REST_AFTER_MS = 500;

/** Once the board stands, the rest is fetched, so that no key waits for a file. */
function useRestOfInterface(ready: boolean): void {
  useEffect(() => {
    if (!ready) return;
    const timer = setTimeout(() => {
      for (const fetchOverlay of Object.values(overlays)) void fetchOverlay();
      fetchOtherPages();
    }, FETCH_REST_AFTER_MS);
    return () => clearTimeout(timer);
  }, [ready]);
}

export function Shell() {
  useTheme(useSettings().data?.theme);
  return (
    <LaunchProvider>
      <Desk />
    </LaunchProvider>
  );
}

function Desk() {
  const navigate = useNavigate();
  const launch = useLaunch();
  const [answering, setAnswering] = useState<TaskId | null>(null);
  const open = (id: TaskId) => void navigate({ to: "/task/$id", params: { id } });
  return (
    <BoardDeskProvider onOpen={open} onRun={(tasks) => launch({ tasks })} onAnswer={setAnswering}>
      <Frame />
      {answering !== null && (
        <Answering
          id={answering}
          onTerminal={() => {
            setAnswering(null);
            open(answering);
          }}
          onClose={() => setAnswering(null)}
        />
      )}
    </BoardDeskProvider>
  );
}

function Answering({ id, ...rest }: { id: TaskId; onTerminal(): void; onClose(): void }) {
  const card = useCard(id);
  return <Suspense>{card && <AnswerDialog card={card} {...rest} />}</Suspense>;
}

/** Says once that a newer version is there, where the person wants it looked for. */
function useUpdateNotice(page: string): void {
  const navigate = useNavigate();
  const wanted = useSettings().data?.look_for_updates === true;
  const found = useNewVersion(wanted).data?.version;
  const told = useRef(false);
  useEffect(() => {
    if (found === undefined || told.current) return;
    told.current = true;
    // Whoever looks there reads it there.
    if (page === "/settings") return;
    toast({
      text: `Flightboard ${found} is there`,
      action: { label: "What is new", run: () => void navigate({ to: "/settings" }) },
    });
  }, [found, page, navigate]);
}

type Overlay = { kind: "palette"; text: string } | { kind: "card" } | { kind: "keys" } | null;

function Frame() {
  const page = useRouterState({ select: (state) => state.location.pathname });
  const search = useRouterState({ select: (state) => state.location.search as BoardSearch });
  const connection = useConnection();
  const [overlay, setOverlay] = useState<Overlay>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  const launch = useLaunch();
  const desk = useDesk();
  const selection = useSelection();
  const cards = useCards();
  const onBoard = page === "/";
  // A card's page has its own head and needs the whole width for its terminal.
  const onTask = page.startsWith("/task/");
  const project = onBoard ? (search.project ?? null) : null;
  const board = useBoard();
  useServersClock(board.data);
  useRestOfInterface(!board.isPending);
  useNoStrayFiles();
  useFirstRun(page);
  useLinks();
  useUpdateNotice(page);
  useCalls(cards, !board.isPending, (card) =>
    toast({
      text: `${card.key} ${card.title}`,
      next: card.why ?? "It needs you.",
      action: { label: "Open", run: () => void navigate({ to: "/task/$id", params: { id: card.id } }) },
    }),
  );

  const toBoard = (next: BoardSearch = {}) => void navigate({ to: "/", search: next });
  const setSearch = (text: string) =>
    void navigate({ to: "/", search: { ...(onBoard ? search : {}), q: text || undefined }, replace: onBoard });
  const goTo = (id: TaskId) => {
    if (!onBoard) toBoard();
    selection.goTo(id);
  };
  const nextNeed = () => {
    const next = nextNeeding(needingYou(cards), selection.current());
    if (next === null) return;
    // A filter must not hide the card that a person is needed for.
    if (onBoard && (search.q || search.project || filtersOpen)) toBoard({ shelf: search.shelf });
    goTo(next);
  };
  const filtersOpen =
    search.bar === true || isNarrowed({ text: "", project: null, ...search, tags: search.tags?.split(",") });
  const toggleFilters = () =>
    toBoard(
      onBoard && filtersOpen
        ? { q: search.q, project: search.project, shelf: search.shelf }
        : { ...(onBoard ? search : {}), bar: true },
    );
  const openPalette = (text = "") => setOverlay({ kind: "palette", text });
  const submitSearch = (text: string) => {
    if (!onBoard) return openPalette(text);
    document.querySelector<HTMLElement>("[data-card]")?.focus();
  };

  const commands = usePaletteCommands({
    newCard: () => setOverlay({ kind: "card" }),
    keys: () => setOverlay({ kind: "keys" }),
    shelf: () => toBoard({ ...(onBoard ? search : {}), shelf: !search.shelf || undefined }),
    nextNeed,
    filter: toggleFilters,
  });

  useWindowKeys({
    "mod+k": () => openPalette(),
    c: () => setOverlay({ kind: "card" }),
    "/": () => searchBox.current?.focus(),
    "?": () => setOverlay({ kind: "keys" }),
    n: nextNeed,
    b: () => toBoard(),
    f: toggleFilters,
    "mod+z": () => desk.undo(),
    ...(onBoard && { Escape: () => selection.clear() }),
  });

  if (connection === "ended") return <SessionEnded />;
  if (page === "/welcome") {
    return (
      <div className={styles.bare}>
        <Outlet />
      </div>
    );
  }
  return (
    <div className={onTask ? styles.alone : styles.shell}>
      {!onTask && (
        <>
          <TopBar
            search={onBoard ? (search.q ?? "") : ""}
            searchRef={searchBox}
            onHome={() => toBoard()}
            onSearch={setSearch}
            onSubmitSearch={submitSearch}
            onPalette={() => openPalette()}
            onFilters={onBoard ? toggleFilters : undefined}
            filtersOpen={filtersOpen}
            onNextNeeding={nextNeed}
            onNewCard={() => setOverlay({ kind: "card" })}
          />
          <Rail page={page} project={project} shelf={onBoard && search.shelf === true} />
        </>
      )}
      <div className={styles.content}>
        <Outlet />
      </div>
      <BottomLine onShortcuts={() => setOverlay({ kind: "keys" })} />
      <Suspense>
        {overlay?.kind === "palette" && (
          <Palette
            commands={commands()}
            text={overlay.text}
            onOpenCard={(card) => desk.open(card.id)}
            onClose={() => setOverlay(null)}
          />
        )}
        {overlay?.kind === "card" && (
          <NewCardDialog
            project={project}
            onClose={() => setOverlay(null)}
            onAdded={(card, andRun) => {
              setOverlay(null);
              if (andRun) launch({ tasks: [card.id] });
              else if (onBoard) selection.goTo(card.id);
              else toast({ text: `${card.key} added.`, action: { label: "Open", run: () => desk.open(card.id) } });
            }}
          />
        )}
        {overlay?.kind === "keys" && <ShortcutsDialog groups={SHORTCUTS} onClose={() => setOverlay(null)} />}
      </Suspense>
    </div>
  );
}

function TopBar(props: Omit<ComponentProps<typeof Header>, "needYou" | "queue">) {
  const needYou = useCount(countNeeding);
  useEffect(() => {
    document.title = needYou > 0 ? `(${needYou}) Flightboard` : "Flightboard";
  }, [needYou]);
  return <Header {...props} needYou={needYou} queue={<QueueState />} />;
}

function QueueState() {
  const policy = useQueuePolicy().data;
  const inFlight = useCount(inFlightOf);
  return policy ? <QueueSwitch policy={policy} inFlight={inFlight} /> : null;
}

function countNeeding(cards: Cards): number {
  return needingYou(cards).length;
}

function Rail({ page, project, shelf }: Pick<NavProps, "page" | "project" | "shelf">) {
  const counts = useCount(railCounts);
  const projects = useProjects().data ?? [];
  const agents = useAgents().data ?? [];
  return (
    <Nav {...counts} projects={projects} agents={agents} page={page} project={project} shelf={shelf} link={NavLink} />
  );
}

function railCounts(cards: Cards): Pick<NavProps, "openCards" | "failed" | "queued" | "openByProject"> {
  const openCards = BOARD_COLUMNS.reduce(
    (sum, column) => sum + (column === "done" ? 0 : cards.column(column).length),
    0,
  );
  const queued = cards.column("ready").filter((id) => cards.card(id)?.queued).length;
  return { openCards, failed: cards.column("failed").length, queued, openByProject: openByProject(cards) };
}

/** Not the router's own Link: that marks each link to the same path as the current page. */
function NavLink({ to, search, current, className, children, title }: Parameters<NavProps["link"]>[0]) {
  const router = useRouter();
  const target = { to, search: search ?? {} };
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void router.navigate(target);
  };
  return (
    <a
      href={router.buildLocation(target).href}
      className={className}
      title={title}
      aria-current={current ? "page" : undefined}
      onClick={onClick}
    >
      {children}
    </a>
  );
}

function BottomLine({ onShortcuts }: { onShortcuts(): void }) {
  const overview = useOverview().data;
  const connection = useConnection();
  const counts = useCount(footCounts);
  return <Footer {...counts} overview={overview} connection={connection} onShortcuts={onShortcuts} />;
}

function footCounts(cards: Cards): { inFlight: number; ready: number } {
  let inFlight = 0;
  for (const id of cards.column("in_progress")) {
    const card = cards.card(id);
    if (card && hasLiveRun(card)) inFlight += 1;
  }
  return { inFlight, ready: cards.column("ready").length };
}

function SessionEnded() {
  return (
    <main className={styles.bare}>
      <EmptyState title="This session has ended.">
        Open the address that “flightboard serve” printed, or run it again. Agents that are at work are not affected.
      </EmptyState>
    </main>
  );
}

/** The board's answer tells how far the server's clock is from ours. */
function useServersClock(board: ReturnType<typeof useBoard>["data"]): void {
  useEffect(() => {
    if (board) compareClocks(board.now, board.asked, board.answered);
  }, [board]);
}

/** The very first start leads to the welcome page: nothing there yet, and not skipped before. */
function useFirstRun(page: string): void {
  const settings = useSettings().data;
  const projects = useProjects().data;
  const empty = useCount(isEmpty);
  const board = useBoard();
  const navigate = useNavigate();
  const first =
    page === "/" && settings?.welcomed === false && projects?.length === 0 && board.data !== undefined && empty;
  useEffect(() => {
    if (first) void navigate({ to: "/welcome", replace: true });
  }, [first, navigate]);
}

/** Links to cards and the desktop's tray, where there is a window. */
function useLinks(): void {
  const backend = useBackend();
  const navigate = useNavigate();
  useEffect(
    () =>
      backend.followLinks((shown) => {
        if (shown.type === "task") return void navigate({ to: "/task/$id", params: { id: shown.id } });
        toast({ text: shown.problem.message, next: shown.problem.next, tone: "bad" });
      }),
    [backend, navigate],
  );
}

function isEmpty(cards: Cards): boolean {
  return cards.all().next().done === true;
}

interface Doors {
  newCard(): void;
  keys(): void;
  shelf(): void;
  nextNeed(): void;
  filter(): void;
}

/** Built when the palette opens: what can be done depends on the cards chosen then. */
function usePaletteCommands(doors: Doors): () => PaletteCommand[] {
  const navigate = useNavigate();
  const desk = useDesk();
  const selection = useSelection();
  const settings = useSettings().data;
  const save = useAction("putSettings");
  const policy = useQueuePolicy().data;
  const pause = usePause(policy);
  const projects = useProjects().data;
  const filters = useFilters().data;
  const pages = useMemo<PaletteCommand[]>(
    () => [
      { id: "board", label: "Go to the board", group: "Go", shortcut: "B", run: () => void navigate({ to: "/" }) },
      { id: "projects", label: "Go to projects", group: "Go", run: () => void navigate({ to: "/projects" }) },
      { id: "agents", label: "Go to agents", group: "Go", run: () => void navigate({ to: "/agents" }) },
      { id: "queue", label: "Go to the queue", group: "Go", run: () => void navigate({ to: "/queue" }) },
      { id: "schedules", label: "Go to schedules", group: "Go", run: () => void navigate({ to: "/schedules" }) },
      { id: "trash", label: "Go to the trash", group: "Go", run: () => void navigate({ to: "/trash" }) },
      { id: "settings", label: "Go to settings", group: "Go", run: () => void navigate({ to: "/settings" }) },
      { id: "keys-page", label: "Go to keys", group: "Go", run: () => void navigate({ to: "/settings/keys" }) },
      { id: "webhooks", label: "Go to webhooks", group: "Go", run: () => void navigate({ to: "/settings/webhooks" }) },
      {
        id: "exchange",
        label: "Import and export, GitHub issues",
        group: "Go",
        run: () => void navigate({ to: "/settings/exchange" }),
      },
      { id: "welcome", label: "Show the welcome page", group: "Go", run: () => void navigate({ to: "/welcome" }) },
      ...(projects ?? []).map((project) => ({
        id: `project-${project.id}`,
        label: `Show project ${project.name}`,
        group: "Go",
        run: () => void navigate({ to: "/", search: { project: project.id } }),
      })),
      ...(filters ?? []).map(({ name, filter }) => ({
        id: `filter-${name}`,
        label: `Show filter ${name}`,
        group: "Go",
        run: () => void navigate({ to: "/", search: searchOf(filter, undefined, true) }),
      })),
    ],
    [navigate, projects, filters],
  );
  return () => {
    const subjects = desk.look(selection.subjects());
    const about = subjects.length === 1 ? (subjects[0]?.key ?? "") : `${subjects.length} cards`;
    const theme = (name: string) => () => settings && save.mutate({ ...settings, theme: name });
    return [
      { id: "new", label: "New card", group: "Do", shortcut: "C", run: doors.newCard },
      { id: "need", label: "Next card that needs you", group: "Do", shortcut: "N", run: doors.nextNeed },
      { id: "shelf", label: "Show or hide failed and cancelled cards", group: "Do", run: doors.shelf },
      { id: "filter", label: "Filter the board", group: "Do", shortcut: "F", run: doors.filter },
      { id: "undo", label: "Undo the last change", group: "Do", shortcut: "Ctrl Z", run: desk.undo },
      { id: "pause", label: policy?.paused ? "Resume the queue" : "Pause the queue", group: "Do", run: pause.toggle },
      { id: "keys", label: "Keyboard shortcuts", group: "Do", shortcut: "?", run: doors.keys },
      { id: "dark", label: "Dark theme", group: "Do", run: theme("dark") },
      { id: "light", label: "Light theme", group: "Do", run: theme("light") },
      { id: "system", label: "Theme as the system", group: "Do", run: theme("system") },
      ...CARD_ACTIONS.filter((action) => subjects.length > 0 && action.enabled(subjects)).map((action) => ({
        id: `card-${action.id}`,
        label: `${labelOf(action, subjects)} ${about}`,
        group: about,
        shortcut: action.shortcut,
        run: () => action.run(desk, subjects),
      })),
      ...pages,
    ];
  };
}
