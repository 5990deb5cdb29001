// The Log tab: every line that a run has written, without escape sequences, however long the log is.
// Follows the end while the view is at the end; search runs on the engine's side over the whole log.

import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "react";
import { asProblem } from "../../../backend/backend";
import type { LogHit, Problem, Run } from "../../../bindings";
import { Button, IconButton } from "../../../components/Button";
import { classes } from "../../../components/css";
import { grouped } from "../../../components/formats";
import { CloseIcon } from "../../../components/icons";
import { EmptyState, ErrorState, Skeleton } from "../../../components/States";
import { toast } from "../../../components/Toast";
import { VirtualLines, type VirtualLinesHandle } from "../../../components/VirtualLines";
import { useBackend } from "../../../data/context";
import { useLive } from "../../../data/queries";
import { isLive } from "../../../data/words";
import styles from "./LogView.module.css";
import { LONGEST, LogPages } from "./logPages";
import { slide, windowAround, windowAtEnd } from "./logWindow";
import { markText } from "./markText";

const ROW = 18;
const MOST_HITS = 1_000;
/** Lines fetched on either side of one that is jumped to. */
const AROUND = 60;
/** Lines that the copy button takes at most. */
const COPIED = 2_000;

export interface LogViewProps {
  run: Run;
  shown: boolean;
}

export default function LogView({ run, shown }: LogViewProps) {
  const log = useLog(run, shown);
  const { pages } = log;
  const lines = useRef<VirtualLinesHandle>(null);
  /** A line to be brought into view once the window holds it. */
  const jump = useRef<number | null>(null);
  const settling = useRef(false);
  const [range, setRange] = useState({ base: 0, count: 0 });
  const [follow, setFollow] = useState(isLive(run.status));
  const [wrap, setWrap] = useState(false);
  const [marked, setMarked] = useState<{ line: number; text: string } | null>(null);
  /** Lines in view, counted from the log's first. */
  const [view, setView] = useState({ first: 0, last: 0 });
  const total = pages.total;

  // New lines: keep the end in view, or grow the scroller under an unmoved view.
  useLayoutEffect(() => {
    setRange((now) => (follow ? sameRange(now, windowAtEnd(total)) : slide(now, view.first, view.last, total)));
  }, [total, follow, view]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new end is scrolled to
  useLayoutEffect(() => {
    if (follow && range.count > 0) lines.current?.scrollTo(range.count - 1, "end");
  }, [follow, range, total, wrap]);

  const { base } = range;
  const onView = useCallback(
    (first: number, last: number) => {
      if (settling.current) return;
      setView({ first: base + first, last: base + last });
      pages.want(base + first, base + last);
    },
    [pages, base],
  );

  // The window moved under the view: put the view back where it was, or where it was asked to be. Until
  // the scroller has heard of it, what it reports as in view is off by the whole move.
  const lastBase = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a jump within the same window is a new range too
  useLayoutEffect(() => {
    const moved = lastBase.current - base;
    lastBase.current = base;
    if (jump.current === null && (moved === 0 || follow)) return;
    settling.current = true;
    if (jump.current === null) lines.current?.shift(moved);
    else lines.current?.scrollTo(jump.current - base, "center");
    jump.current = null;
    const settled = afterFrames(2, () => {
      settling.current = false;
      const seen = lines.current?.view();
      if (seen) onView(seen.first, seen.last);
    });
    return () => {
      settled();
      settling.current = false;
    };
  }, [range, follow, onView]);

  const goTo = (line: number, text: string) => {
    setFollow(false);
    setMarked({ line, text });
    setView({ first: line, last: line });
    pages.want(line - AROUND, Math.min(line + AROUND, pages.total - 1));
    jump.current = line;
    setRange({ ...windowAround(line, pages.total) });
  };

  const copy = async () => {
    const picked = getSelection()?.toString() ?? "";
    const around = Math.max(0, Math.floor((view.first + view.last) / 2) - COPIED / 2);
    const text = picked || (await log.read(around, COPIED)).join("\n");
    await navigator.clipboard.writeText(text).then(
      () =>
        toast({
          text: picked ? "Selection copied." : `Lines ${around + 1} to ${Math.min(total, around + COPIED)} copied.`,
        }),
      () => toast({ text: "The clipboard could not be written.", tone: "bad" }),
    );
  };

  if (log.problem && total === 0) return <ErrorState problem={log.problem} onRetry={log.retry} />;
  if (!log.loaded) return <Skeleton lines={8} label="Reading the log" />;
  if (total === 0) {
    return (
      <EmptyState title="No output yet">
        {isLive(run.status) ? "The first line appears here as soon as the agent writes it." : "This run wrote nothing."}
      </EmptyState>
    );
  }
  const toEnd = () => {
    setMarked(null);
    setFollow(true);
  };
  return (
    <section className={styles.view} aria-label="Log">
      <LogSearch
        run={run}
        onHit={(hit, text) => goTo(hit.line - 1, text)}
        onClear={() => setMarked(null)}
        shown={shown}
      >
        <span className={styles.where} role="status">
          {follow ? `${grouped(total)} lines` : `line ${grouped(view.first + 1)} of ${grouped(total)}`}
        </span>
        <Button size="small" aria-pressed={wrap} className={classes(wrap && styles.on)} onClick={() => setWrap(!wrap)}>
          Wrap
        </Button>
        <Button size="small" onClick={() => goTo(0, "")}>
          Top
        </Button>
        <Button size="small" onClick={toEnd} aria-pressed={follow}>
          {isLive(run.status) ? "Follow" : "End"}
        </Button>
        <Button size="small" onClick={() => void copy()}>
          Copy
        </Button>
      </LogSearch>
      <div className={styles.lines}>
        <VirtualLines
          label={`Log of run ${run.attempt}`}
          handle={lines}
          count={range.count}
          rowHeight={ROW}
          wrap={wrap}
          width={Math.min(pages.longest, LONGEST) + 12}
          onView={onView}
          onAtEnd={(atEnd) => {
            if (atEnd !== follow && (!atEnd || range.base + range.count >= total)) setFollow(atEnd);
          }}
          line={(index) => {
            const at = range.base + index;
            return (
              <Line number={at + 1} text={pages.line(at)} marked={marked?.line === at} find={marked?.text ?? ""} />
            );
          }}
        />
      </div>
    </section>
  );
}

function Line({
  number,
  text,
  marked,
  find,
}: {
  number: number;
  text: string | undefined;
  marked: boolean;
  find: string;
}) {
  return (
    <>
      <span className={styles.number} data-marked={marked || undefined}>
        {number}
      </span>
      <span className={classes(styles.text, marked && styles.marked)}>
        {text === undefined ? <span className={styles.pending}>…</span> : <Marked text={shorten(text)} find={find} />}
      </span>
    </>
  );
}

function Marked({ text, find }: { text: string; find: string }) {
  return markText(text, find).map((piece, at) => (piece.hit ? <mark key={at}>{piece.text}</mark> : piece.text));
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} … ${text.length - LONGEST} more characters` : text;
}

/** Calls back after that many frames; returns how to call it off. */
function afterFrames(frames: number, then: () => void): () => void {
  let handle = 0;
  const next = (left: number) => {
    handle = requestAnimationFrame(() => (left > 1 ? next(left - 1) : then()));
  };
  next(frames);
  return () => cancelAnimationFrame(handle);
}

function sameRange<R extends { base: number; count: number }>(now: R, next: R): R {
  return now.base === next.base && now.count === next.count ? now : next;
}

// ---------------------------------------------------------------- reading

function useLog(run: Run, shown: boolean) {
  const backend = useBackend();
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [loaded, setLoaded] = useState(false);
  const id = run.id;
  const pages = useMemo(() => {
    setLoaded(false);
    return new LogPages(
      (first, count) => backend.readLines({ run: id, first, count }),
      () => {
        setLoaded(true);
        setProblem(null);
        redraw();
      },
      (thrown) => setProblem(asProblem(thrown)),
    );
  }, [backend, id]);

  const live = useLive(run.task);
  const bytes = live?.run === run.id ? live.outputBytes : run.output_bytes;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each growth of the log is a reason to read its end
  useEffect(() => {
    if (shown) pages.refreshEnd();
  }, [pages, shown, bytes, run.status]);

  return {
    pages,
    loaded,
    problem,
    retry: () => {
      setProblem(null);
      pages.refreshEnd();
    },
    read: async (first: number, count: number) => (await backend.readLines({ run: id, first, count })).lines,
  };
}

// ---------------------------------------------------------------- search

interface LogSearchProps {
  run: Run;
  shown: boolean;
  onHit(hit: LogHit, text: string): void;
  onClear(): void;
  children: React.ReactNode;
}

type Search = { text: string; hits: LogHit[] | null; problem: Problem | null };

function LogSearch({ run, shown, onHit, onClear, children }: LogSearchProps) {
  const backend = useBackend();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [search, setSearch] = useState<Search | null>(null);
  const [at, setAt] = useState(-1);
  const latest = useRef(0);

  useEffect(() => {
    if (!shown) return;
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "f") return;
      event.preventDefault();
      field.current?.select();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [shown]);

  const close = () => {
    latest.current += 1;
    setSearch(null);
    setText("");
    setAt(-1);
    onClear();
  };
  const go = (index: number, from: Search) => {
    const hit = from.hits?.[index];
    if (!hit) return;
    setAt(index);
    onHit(hit, from.text);
  };
  const start = async () => {
    const mine = ++latest.current;
    setSearch({ text, hits: null, problem: null });
    try {
      const hits = await backend.searchLog({ run: run.id, text, limit: MOST_HITS });
      if (mine !== latest.current) return;
      const done = { text, hits, problem: null };
      setSearch(done);
      go(0, done);
    } catch (thrown) {
      if (mine === latest.current) setSearch({ text, hits: null, problem: asProblem(thrown) });
    }
  };
  const hits = search?.hits ?? [];
  const step = (by: number) => search && go((at + by + hits.length) % hits.length, search);
  return (
    <>
      <search className={styles.bar}>
        <input
          ref={field}
          className={styles.find}
          aria-label="Search the whole log"
          placeholder="Search the whole log, Enter"
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && text !== "") {
              if (search?.text === text && hits.length > 0) step(event.shiftKey ? -1 : 1);
              else void start();
            } else if (event.key === "Escape" && (text !== "" || search)) close();
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
        {search && (
          <>
            <span className={styles.where} role="status">
              {hitWords(search, at)}
            </span>
            <Button size="small" onClick={() => step(-1)} disabled={hits.length === 0}>
              Previous
            </Button>
            <Button size="small" onClick={() => step(1)} disabled={hits.length === 0}>
              Next
            </Button>
            <IconButton label="Close search" size="small" onClick={close}>
              <CloseIcon />
            </IconButton>
          </>
        )}
        <span className={styles.tools}>{children}</span>
      </search>
      {search && hits.length > 1 && (
        <div className={styles.hits}>
          <VirtualLines
            label={`${hits.length} places in the log`}
            count={hits.length}
            rowHeight={24}
            line={(index) => {
              const hit = hits[index];
              if (!hit) return null;
              return (
                <button
                  type="button"
                  className={styles.hit}
                  aria-current={index === at || undefined}
                  onClick={() => go(index, search)}
                >
                  <span className={styles.number}>{hit.line}</span>
                  <span className={styles.hitText}>
                    <Marked text={hit.text.slice(0, 400)} find={search.text} />
                  </span>
                </button>
              );
            }}
          />
        </div>
      )}
    </>
  );
}

function hitWords({ hits, problem }: Search, at: number): string {
  if (problem) return problem.message;
  if (hits === null) return "searching…";
  if (hits.length === 0) return "not found";
  const most = hits.length === MOST_HITS ? `${MOST_HITS} or more` : String(hits.length);
  return `${at + 1} of ${most}`;
}
