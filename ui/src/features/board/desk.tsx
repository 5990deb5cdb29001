// The person's hands on the board: every change to cards with its question before and its Undo after.
// It sits above the routes, so that the palette and the header reach the same actions as the board.
import { type ComponentProps, createContext, type ReactNode, useContext, useMemo, useRef, useState } from "react";
import { asProblem } from "../../backend/backend";
import type { Card, Status as Column, RunId, TaskId } from "../../bindings";
import { ConfirmDialog } from "../../components/Dialog";
import { toast } from "../../components/Toast";
import { act } from "../../data/actions";
import { type DataSource, useData } from "../../data/context";
import { mayDrop, mayMove } from "../../data/moves";
import { COLUMN_NAMES } from "../../data/order";
import { useAgents } from "../../data/queries";
import { hasLiveRun } from "../../data/words";
import { allFailed } from "./actions";
import { type BulkEdit, changesOf, undoOf } from "./bulk";
import { EditDialog } from "./EditDialog";
import { MoveDialog } from "./MoveDialog";
import { Selection, SelectionContext } from "./selection";
import { type Step, Steps } from "./steps";

export interface BoardDesk {
  /** Moves the cards; asks first if an agent would be stopped, and for an agent if they go in flight. */
  move(ids: readonly TaskId[], to: Column): void;
  /** Asks where to. */
  askWhere(ids: readonly TaskId[]): void;
  /** Asks what to change about them. */
  askWhat(ids: readonly TaskId[]): void;
  trash(ids: readonly TaskId[]): void;
  stop(ids: readonly TaskId[]): void;
  /** Hands the cards to the dispatcher, in Ready, or takes them back. */
  queue(ids: readonly TaskId[], queued: boolean): void;
  run(ids: readonly TaskId[]): void;
  open(id: TaskId): void;
  /** Asks for the answer to what its agent asks. */
  answer(id: TaskId): void;
  /** Takes the last step back, if it can be. */
  undo(): void;
  /** Cards as they are now, those that still exist. */
  look(ids: readonly TaskId[]): Card[];
}

const DeskContext = createContext<BoardDesk | null>(null);

export function useDesk(): BoardDesk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error("This part of the board needs a BoardDeskProvider above it.");
  return desk;
}

interface Question {
  title: string;
  note: string;
  confirm: string;
  go(): void;
}

export interface BoardDeskProviderProps {
  onOpen(id: TaskId): void;
  /** The person wants an agent on these cards. */
  onRun(ids: TaskId[]): void;
  /** The person wants to answer its agent. */
  onAnswer(id: TaskId): void;
  children: ReactNode;
}

export function BoardDeskProvider({ onOpen, onRun, onAnswer, children }: BoardDeskProviderProps) {
  const data = useData();
  const [selection] = useState(() => new Selection());
  const [question, setQuestion] = useState<Question | null>(null);
  const [moving, setMoving] = useState<readonly TaskId[] | null>(null);
  const [changing, setChanging] = useState<readonly TaskId[] | null>(null);
  const doors = useRef({ onOpen, onRun, onAnswer });
  doors.current = { onOpen, onRun, onAnswer };
  const [steps] = useState(() => new Steps(toast));

  const desk = useMemo<BoardDesk>(() => {
    const look = (ids: readonly TaskId[]) => ids.flatMap((id) => data.cards.card(id) ?? []);
    const afterQuestion = (cards: Card[], verb: string, go: () => void) => {
      const live = cards.filter(hasLiveRun);
      if (live.length === 0) return go();
      setQuestion({ ...stopQuestion(live, verb), go });
    };
    return {
      look,
      open: (id) => doors.current.onOpen(id),
      answer: (id) => doors.current.onAnswer(id),
      run: (ids) => doors.current.onRun([...ids]),
      askWhere: (ids) => ids.length > 0 && setMoving(ids),
      askWhat: (ids) => ids.length > 0 && setChanging(ids),
      undo: () => steps.undo(),
      move: (ids, to) => {
        const cards = look(ids).filter((card) => card.status !== to);
        const able = cards.filter((card) => mayDrop(card, to));
        if (able.length === 0) return cards[0] && refuse(cards[0], to);
        if (to === "in_progress") return doors.current.onRun(able.map((card) => card.id));
        afterQuestion(able, `and move to ${COLUMN_NAMES[to]}`, () => {
          selection.clear();
          steps.begin(moveAll(data, able, to));
        });
      },
      trash: (ids) => {
        const cards = look(ids);
        if (cards.length === 0) return;
        const go = () => {
          selection.clear();
          steps.begin(trashAll(data, cards));
        };
        // Whoever looks through the shelf has Replay beside it, and means one of the two.
        if (allFailed(cards)) setQuestion({ ...discardQuestion(cards), go });
        else afterQuestion(cards, "and delete", go);
      },
      queue: (ids, queued) => {
        const cards = look(ids);
        if (cards.length > 0) steps.begin(queueAll(data, cards, queued));
      },
      stop: (ids) => {
        const live = look(ids).filter(hasLiveRun);
        if (live.length === 0) return;
        afterQuestion(live, "", () => void stopAll(data, live));
      },
    };
  }, [data, selection, steps]);

  return (
    <SelectionContext value={selection}>
      <DeskContext value={desk}>
        {children}
        {moving && (
          <MoveDialog
            cards={desk.look(moving)}
            onMove={(ids, to) => {
              desk.move(ids, to);
              // The card leaves its place, and the focus with it.
              if (ids[0] !== undefined && to !== "in_progress") selection.goTo(ids[0]);
            }}
            onClose={() => setMoving(null)}
          />
        )}
        {changing && (
          <Changing
            cards={desk.look(changing)}
            onEdit={(edit) => steps.begin(editAll(data, desk.look(changing), edit))}
            onClose={() => setChanging(null)}
          />
        )}
        <ConfirmDialog
          open={question !== null}
          title={question?.title ?? ""}
          note={question?.note ?? ""}
          confirm={question?.confirm ?? ""}
          danger
          onClose={() => setQuestion(null)}
          onConfirm={() => {
            setQuestion(null);
            question?.go();
          }}
        />
      </DeskContext>
    </SelectionContext>
  );
}

/** Apart from the desk: only this question needs the agents. */
function Changing(props: Omit<ComponentProps<typeof EditDialog>, "agents">) {
  return <EditDialog {...props} agents={useAgents().data ?? []} />;
}

function discardQuestion(cards: Card[]): Omit<Question, "go"> {
  const [one] = cards;
  return {
    title: cards.length === 1 && one ? `Discard ${one.key}?` : `Discard ${cards.length} cards?`,
    note: "Nobody tries it again. It waits in the trash with what its runs left, and can be brought back from there.",
    confirm: "Discard",
  };
}

function stopQuestion(live: Card[], verb: string): Omit<Question, "go"> {
  const one = live.length === 1 ? live[0] : undefined;
  return {
    title: one ? "Stop the agent?" : `Stop ${live.length} agents?`,
    note: one
      ? `${one.run?.agent} is at work on ${one.key} “${one.title}”. Its workspace and what it wrote are kept.`
      : "They are at work on the chosen cards. Their workspaces and what they wrote are kept.",
    confirm: ["Stop", verb].filter(Boolean).join(" "),
  };
}

function refuse(card: Card, to: Column): void {
  const text =
    to === "failed"
      ? "Only a run that fails puts a card there."
      : `${card.key} cannot move from ${COLUMN_NAMES[card.status]} to ${COLUMN_NAMES[to]}.`;
  const next = to === "in_progress" && !hasLiveRun(card) ? "Move it back to Ready, then run it." : null;
  toast({ text, next });
}

async function moveAll(data: DataSource, cards: Card[], to: Column): Promise<Step | null> {
  const moved = await settleAll(cards, (card) => act(data, "moveTask", { id: card.id, column: to }));
  if (moved.length === 0) return null;
  const back = moved.filter((card) => mayMove(to, card.status));
  const undo = () => void settleAll(back, (card) => act(data, "moveTask", { id: card.id, column: card.status }));
  return { text: `${names(moved)} moved to ${COLUMN_NAMES[to]}.`, undo: back.length === moved.length ? undo : null };
}

async function queueAll(data: DataSource, cards: Card[], queued: boolean): Promise<Step | null> {
  const done = await settleAll(cards, (card) => act(data, "queueTask", { id: card.id, queued }));
  if (done.length === 0) return null;
  const back = async (card: Card) => {
    await act(data, "queueTask", { id: card.id, queued: !queued });
    if (queued && card.status !== "ready") await act(data, "moveTask", { id: card.id, column: card.status });
  };
  // A run alone puts a card on the shelf, so a replay is not taken back.
  const able = done.every((card) => card.status === "ready" || mayMove("ready", card.status));
  const text = queued ? `${names(done)} queued.` : `${names(done)} taken out of the queue.`;
  return { text, undo: able ? () => void settleAll(done, back) : null };
}

async function editAll(data: DataSource, cards: Card[], edit: BulkEdit): Promise<Step | null> {
  const wanted = new Map(
    cards.flatMap((card) => {
      const request = changesOf(card, edit);
      return request ? [[card, request] as const] : [];
    }),
  );
  const send = (card: Card) => act(data, "editTask", wanted.get(card) ?? { id: card.id });
  const done = await settleAll([...wanted.keys()], send);
  if (done.length === 0) return null;
  const back = (card: Card) => act(data, "editTask", undoOf(card, wanted.get(card) ?? { id: card.id }));
  return { text: `${names(done)} changed.`, undo: () => void settleAll(done, back) };
}

async function trashAll(data: DataSource, cards: Card[]): Promise<Step | null> {
  const gone = await settleAll(cards, (card) => act(data, "trashTask", { id: card.id }));
  if (gone.length === 0) return null;
  const undo = () => void settleAll(gone, (card) => act(data, "restoreTask", { id: card.id }));
  return { text: `${names(gone)} deleted.`, undo };
}

async function stopAll(data: DataSource, cards: Card[]): Promise<void> {
  await settleAll(cards, (card) => act(data, "stopRun", { run: card.run?.id as RunId }));
}

/** Does it to each card; says what failed; returns the cards, as they were before, that it was done to. */
async function settleAll(cards: Card[], step: (card: Card) => Promise<unknown>): Promise<Card[]> {
  const results = await Promise.allSettled(cards.map(step));
  const failed = results.flatMap((result, at) => (result.status === "rejected" ? [{ at, why: result.reason }] : []));
  const first = failed[0];
  if (first) {
    const problem = asProblem(first.why);
    const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : "";
    toast({ text: `${cards[first.at]?.key}: ${problem.message}${more}`, next: problem.next, tone: "bad" });
  }
  return cards.filter((_, at) => results[at]?.status === "fulfilled");
}

function names(cards: Card[]): string {
  return cards.length === 1 ? (cards[0]?.key ?? "") : `${cards.length} cards`;
}
