// The task page: one card with its terminal, log, changes, artifacts, timeline and runs. This file
// only composes: features draw, the address says which tab and which run, the desk does what changes
// the card.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { type ComponentProps, lazy, Suspense, useEffect, useId, useRef, useState } from "react";
import { asProblem } from "../backend/backend";
import type { Attachment, Card, Run, TaskDetail } from "../bindings";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { sentence } from "../components/sentence";
import { Tabs } from "../components/Tabs";
import { toast } from "../components/Toast";
import { useAction } from "../data/actions";
import { useBackend } from "../data/context";
import { useAgents, useBoard, useCard, useLive, usePlanOf, useProjects, useTask, useTimeline } from "../data/queries";
import { isLive, newestWork } from "../data/words";
import { useDesk } from "../features/board/desk";
import { GateEditor } from "../features/queue/GateEditor";
import { AnswerForm } from "../features/run/Answer";
import { DiffView } from "../features/run/changes/DiffView";
import { RunsList } from "../features/run/RunsList";
import { AskBar, MessageBox } from "../features/run/Talk";
import { Facts } from "../features/task/Facts";
import { QueueTab } from "../features/task/QueueTab";
import { SendBackDialog } from "../features/task/SendBackDialog";
import { TaskHeader } from "../features/task/TaskHeader";
import { Timeline } from "../features/task/Timeline";
import styles from "./TaskView.module.css";
import { isTab, TAB_IDS, type TabId, tabsOf } from "./taskTabs";
import { useTaskKeys } from "./useTaskKeys";

// The board must not wait for what only this page needs.
const TerminalPane = lazy(() => import("../features/run/terminal/TerminalPane"));
const LogView = lazy(() => import("../features/run/log/LogView"));
const ChangesView = lazy(() => import("../features/run/changes/ChangesView"));
const ArtifactViewer = lazy(() =>
  import("../features/artifacts/ArtifactViewer").then((file) => ({ default: file.ArtifactViewer })),
);
const ArtifactsView = lazy(() => import("../features/artifacts/ArtifactsView"));

const route = getRouteApi("/task/$id");

export function TaskView() {
  const { id } = route.useParams();
  const task = useTask(id);
  if (task.isError) {
    return (
      <main className={styles.lone}>
        {task.error.code === "not_found" ? (
          <EmptyState title={sentence(task.error.message)} action={<BackToBoard />}>
            {task.error.next && sentence(task.error.next)}
          </EmptyState>
        ) : (
          <>
            <ErrorState problem={task.error} onRetry={() => void task.refetch()} />
            <p className={styles.back}>
              <BackToBoard />
            </p>
          </>
        )}
      </main>
    );
  }
  if (!task.data) {
    return (
      <main className={styles.lone}>
        <Skeleton lines={6} height={24} label="Opening the card" />
      </main>
    );
  }
  return <TaskPage key={id} task={task.data} />;
}

function BackToBoard() {
  const navigate = useNavigate();
  return <Button onClick={() => void navigate({ to: "/" })}>Back to the board</Button>;
}

function TaskPage({ task }: { task: TaskDetail }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const backend = useBackend();
  const desk = useDesk();
  const panel = useId();
  const tabs = useRef<HTMLDivElement>(null);
  const answer = useRef<HTMLTextAreaElement>(null);
  const id = task.card.id;
  // The board's copy of the card is the fresher one: events reach it first.
  const card = useCard(id) ?? task.card;
  const timeline = useTimeline(id);
  const projects = useProjects();
  const start = useAction("startRun");
  const review = useAction("reviewTask");
  const plan = usePlanOf(id, card.status === "ready").data;
  const planned = card.status === "ready" ? (plan?.starts[0] ?? plan?.waits[0]) : undefined;
  const [sendingBack, setSendingBack] = useState(false);
  const [focus, setFocus] = useState(0);
  const [artifact, setArtifact] = useState<number | null>(null);
  const [file, setFile] = useState<string | null>(null);
  const [shownFile, setShownFile] = useState<Attachment | null>(null);

  const newest = newestWork(task.runs);
  const busy = task.runs.some((each) => isLive(each.status));
  const run = task.runs.find((each) => each.id === search.run) ?? newest;
  const tab: TabId = isTab(search.tab) ? search.tab : "terminal";
  const show = (to: TabId, ofRun?: Run) => {
    const chosen = ofRun ?? run;
    void navigate({
      search: (old) => ({ ...old, tab: to, run: chosen && chosen.id !== newest?.id ? chosen.id : undefined }),
      replace: true,
    });
  };
  const showTerminal = (ofRun?: Run) => {
    show("terminal", ofRun);
    setFocus((n) => n + 1);
  };
  const back = () => void navigate({ to: "/" });
  useTaskKeys({
    onTab: (at) => TAB_IDS[at] && show(TAB_IDS[at]),
    onBack: back,
    onAnswer: () => answer.current?.focus(),
  });

  const resume = (earlier: Run) => {
    start.mutate(
      { task: id, agent: earlier.agent, mode: earlier.mode, resume: earlier.id },
      {
        onSuccess: (started) => showTerminal(started),
        onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }),
      },
    );
  };
  const openLink = (url: string) => {
    const report = (thrown: unknown) => {
      const problem = asProblem(thrown);
      toast({ text: problem.message, next: problem.next, tone: "bad" });
    };
    toast({ text: `Open ${url}?`, action: { label: "Open", run: () => void backend.openUrl(url).catch(report) } });
  };
  const approve = () =>
    review.mutate(
      { id, verdict: "approved" },
      { onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }) },
    );
  const workspace = run?.workspace?.present ? run.workspace : null;
  const openEditor = () => {
    if (!workspace) return;
    backend.openPath(workspace.path).catch((thrown) => {
      const problem = asProblem(thrown);
      toast({ text: problem.message, next: problem.next, tone: "bad" });
    });
  };
  // Other reasons to need a person are not questions of its agent.
  const asks = newest !== null && card.needs_you && isLive(newest.status) && card.run?.status === "waiting";

  return (
    <main className={styles.page} aria-label={`${card.key} ${card.title}`} data-testid="task-page">
      <TaskHeader
        card={card}
        issue={task.issue}
        onIssue={(url) => void backend.openUrl(url)}
        runs={task.runs}
        moves={task.moves}
        version={task.version}
        busy={start.isPending || review.isPending}
        onBack={back}
        onMove={(to) => desk.move([id], to)}
        onStop={() => desk.stop([id])}
        onRun={() => desk.run([id])}
        onResume={resume}
        onApprove={approve}
        onSendBack={() => setSendingBack(true)}
        onQueue={(queued) => desk.queue([id], queued)}
        onTrash={() => {
          desk.trash([id]);
          back();
        }}
        onOpenEditor={backend.canOpen && workspace ? openEditor : undefined}
      />
      <div ref={tabs} className={styles.tabs}>
        <TaskTabs task={task} card={card} run={run} current={tab} onChange={show} panelId={panel} />
      </div>
      <section id={panel} role="tabpanel" aria-label={tab} className={styles.panel}>
        {run && run !== newest && (
          <p className={styles.earlier}>
            This is run {run.attempt} of {task.runs.length}
            {run.review !== null && ", a review"}.{" "}
            <Button size="small" onClick={() => newest && show(tab, newest)}>
              {run.review === null ? "Show the newest" : "Show the work"}
            </Button>
          </p>
        )}
        <div className={styles.body}>
          <Suspense fallback={<Skeleton lines={6} label="Opening the tab" />}>
            <RunPanels
              task={task}
              run={run}
              tab={tab}
              focus={focus}
              file={file}
              starting={start.isPending || (card.run?.id === 0 && card.status === "in_progress")}
              onFile={setFile}
              onLog={() => show("log")}
              onRun={() => desk.run([id])}
              onLeave={() => tabs.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus()}
            />
            {tab === "artifacts" && (
              <ArtifactsView
                artifacts={task.artifacts}
                runs={task.runs}
                chosen={artifact}
                live={busy}
                onChoose={setArtifact}
                drawDiff={(title, patch, cut) => <DiffView title={title} patch={patch} cut={cut} />}
              />
            )}
            {tab === "timeline" &&
              (timeline.error ? (
                <ErrorState problem={timeline.error} onRetry={() => void timeline.refetch()} />
              ) : timeline.data ? (
                <Timeline id={id} entries={timeline.data} comments={task.comments} onOpenLink={openLink} />
              ) : (
                <Skeleton lines={6} label="Reading the timeline" />
              ))}
            {tab === "runs" && (
              <RunsList
                runs={task.runs}
                shown={run?.id ?? null}
                busy={busy}
                onTerminal={showTerminal}
                onLog={(each) => show("log", each)}
                onChanges={(each) => show("changes", each)}
                onResume={resume}
              />
            )}
            {tab === "queue" && (
              <QueuePanel
                task={task}
                card={card}
                planned={planned}
                onQueue={(queued) => desk.queue([id], queued)}
                onOpen={(other) => desk.open(other)}
              />
            )}
          </Suspense>
        </div>
      </section>
      <div className={styles.foot}>
        {asks && newest && task.questions.length === 0 && (
          <AskBar card={card} run={newest} onAnswer={() => showTerminal(newest)} />
        )}
        {newest && task.questions.length > 0 ? (
          <div className={styles.asks}>
            <AnswerForm
              key={newest.id}
              card={card}
              run={newest}
              questions={task.questions}
              field={answer}
              onTerminal={() => showTerminal(newest)}
              onOpenLink={openLink}
            />
          </div>
        ) : (
          <MessageBox run={newest} />
        )}
      </div>
      {sendingBack && (
        <SendBackDialog
          card={card}
          onDone={() => {
            setSendingBack(false);
            toast({ text: `${card.key} goes back to its agent.` });
          }}
          onClose={() => setSendingBack(false)}
        />
      )}
      {shownFile && <FileDialog title={`A file of ${card.key}`} file={shownFile} onClose={() => setShownFile(null)} />}
      <Facts
        planned={planned}
        task={{ ...task, card }}
        projects={projects.data ?? []}
        run={run}
        timeline={timeline.data ?? []}
        onTab={show}
        onFile={setShownFile}
        onOpen={(other) => desk.open(other)}
        onMove={(other, to) => desk.move([other], to)}
        onArtifact={(each) => {
          setArtifact(each);
          show("artifacts");
        }}
        onOpenLink={openLink}
      />
    </main>
  );
}

/** A file of the card in the viewer of its kind. */
function FileDialog({ title, file, onClose }: { title: string; file: Attachment; onClose(): void }) {
  const { name, ...rest } = file;
  return (
    <Dialog open onClose={onClose} title={title} width={900}>
      <div className={styles.file}>
        <Suspense fallback={<Skeleton lines={6} label={`Opening ${name}`} />}>
          <ArtifactViewer
            artifact={{ ...rest, path: name, run: 0 }}
            from="attachment"
            run={null}
            drawDiff={(path, patch, cut) => <DiffView title={path} patch={patch} cut={cut} />}
          />
        </Suspense>
      </div>
    </Dialog>
  );
}

/** Apart from the page: the other tabs need neither agents nor the board. */
function QueuePanel(props: Omit<ComponentProps<typeof QueueTab>, "agents" | "gateEditor">) {
  const agents = useAgents().data ?? [];
  // What can be waited for, and the titles of what is waited for.
  useBoard();
  return <QueueTab {...props} agents={agents} gateEditor={GateEditor} />;
}

interface TaskTabsProps {
  task: TaskDetail;
  card: Card;
  run: Run | null;
  current: TabId;
  onChange(tab: TabId): void;
  panelId: string;
}

/** Apart from the page, so that a busy run's growing log redraws a row of tabs and nothing else. */
function TaskTabs({ task, card, run, current, onChange, panelId }: TaskTabsProps) {
  const live = useLive(card.id);
  return (
    <Tabs label="Task" tabs={tabsOf(task, card, run, live)} current={current} onChange={onChange} panelId={panelId} />
  );
}

interface RunPanelsProps {
  task: TaskDetail;
  run: Run | null;
  tab: TabId;
  focus: number;
  file: string | null;
  starting: boolean;
  onFile(path: string): void;
  onLog(): void;
  onRun(): void;
  onLeave(): void;
}

/** The three tabs about one run. The terminal, once seen, stays behind the other tabs: opening it anew would lose its scrollback. */
function RunPanels({ task, run, tab, focus, file, starting, onFile, onLog, onRun, onLeave }: RunPanelsProps) {
  const [seen, setSeen] = useState(tab === "terminal");
  useEffect(() => {
    if (tab === "terminal") setSeen(true);
  }, [tab]);
  if (tab !== "terminal" && tab !== "log" && tab !== "changes" && !seen) return null;
  if (run === null)
    return ["terminal", "log", "changes"].includes(tab) ? <NoRun starting={starting} onRun={onRun} /> : null;
  const started = run.started_at !== null;
  return (
    <>
      {started && (seen || tab === "terminal") && (
        <div className={styles.layer} hidden={tab !== "terminal"}>
          <TerminalPane
            key={run.id}
            run={run}
            of={task.runs.length}
            shown={tab === "terminal"}
            focus={focus}
            onOpenLog={onLog}
            onLeave={onLeave}
          />
        </div>
      )}
      {!started && tab === "terminal" && <NotStarted run={run} />}
      {tab === "log" && <LogView key={run.id} run={run} shown />}
      {tab === "changes" && <ChangesView key={run.id} run={run} path={file} onPath={onFile} />}
    </>
  );
}

function NoRun({ starting, onRun }: { starting: boolean; onRun(): void }) {
  if (starting)
    return (
      <EmptyState title="Preparing the workspace…">The terminal opens as soon as the agent has started.</EmptyState>
    );
  return (
    <EmptyState
      title="No run yet"
      action={
        <Button look="primary" onClick={onRun}>
          Run
        </Button>
      }
    >
      Run starts an agent in a workspace of its own: its terminal, its log and the files that it changes appear here.
    </EmptyState>
  );
}

function NotStarted({ run }: { run: Run }) {
  if (isLive(run.status)) {
    return (
      <EmptyState title={run.status === "queued" ? "Waiting for its turn" : "Preparing the workspace…"}>
        {run.agent} starts when its workspace is ready.
      </EmptyState>
    );
  }
  return <EmptyState title="This run never started">{run.reason ?? "The agent could not be started."}</EmptyState>;
}
