// The fake engine's files, sub-tasks and saved filters, all in memory.
import type { Attachment, AttachmentId, Card, Problem, SavedFilter, TaskDetail, TaskId } from "../bindings";
import type { Operations } from "./backend";
import type { FakeTask, Scene } from "./fake-scene";

type Belongings = Pick<
  Operations,
  | "setParent"
  | "addAttachment"
  | "removeAttachment"
  | "restoreAttachment"
  | "readAttachment"
  | "listFilters"
  | "putFilter"
  | "removeFilter"
>;

export interface BelongingsHands {
  taskOf(id: TaskId): FakeTask;
  edit(id: TaskId, fields: Partial<Card>): Card;
  detailOf(task: FakeTask): TaskDetail;
  settingsChanged(): void;
}

export function fakeBelongings(world: Scene, hands: BelongingsHands): Belongings {
  const { taskOf, edit, detailOf, settingsChanged } = hands;
  const files = new Map<AttachmentId, Attachment & { data: string }>();
  let filters: SavedFilter[] = [];
  const fileOf = (id: AttachmentId) => files.get(id) ?? refuse("That file is gone.");
  const show = (file: Attachment & { data: string }, shown: boolean): Attachment => {
    const { data: _, ...attachment } = file;
    const task = taskOf(file.task);
    const others = (task.attachments ?? []).filter(({ id }) => id !== file.id);
    task.attachments = shown ? [...others, attachment] : others;
    edit(file.task, {});
    return attachment;
  };
  return {
    setParent: async ({ id, parent }) => {
      if (parent === id) refuse(`T-${id} cannot be a sub-task of itself`);
      const before = taskOf(id).card.parent;
      edit(id, { parent });
      for (const touched of [before, parent])
        if (touched !== null) edit(touched, { progress: progressOf(world, touched) });
      return detailOf(taskOf(id));
    },
    addAttachment: async ({ task, name, data }) => {
      const id = files.size + 1;
      const size = atob(data).length;
      const file = { id, task, name, kind: "text" as const, size, hash: String(id), at: Date.now(), data };
      files.set(id, file);
      return show(file, true);
    },
    removeAttachment: async ({ id }) => show(fileOf(id), false),
    restoreAttachment: async ({ id }) => show(fileOf(id), true),
    readAttachment: async ({ id }) => {
      const { data, ...attachment } = fileOf(id);
      return { attachment, data, total: attachment.size };
    },
    listFilters: async () => filters,
    putFilter: async (saved) => {
      filters = [...filters.filter(({ name }) => name.toLowerCase() !== saved.name.toLowerCase()), saved];
      settingsChanged();
      return saved;
    },
    removeFilter: async ({ name }) => {
      filters = filters.filter((saved) => saved.name !== name);
      settingsChanged();
      return {};
    },
  };
}

export function progressOf(world: Scene, parent: TaskId): Card["progress"] {
  const cards = [...world.tasks.values()].map(({ card }) => card);
  const counted = cards.filter((card) => card.parent === parent && !card.trashed && card.status !== "cancelled");
  const done = counted.filter(({ status }) => status === "done").length;
  return counted.length === 0 ? null : { done, total: counted.length };
}

function refuse(message: string): never {
  throw { code: "conflict", message, next: null } satisfies Problem;
}
