// Writing or changing a schedule: when, which card, and what happens when things do not go to plan.
import { type FormEvent, type KeyboardEvent, memo, useState } from "react";
import type { Agent, Misfire, Overlap, Project, PutSchedule, Schedule, Status } from "../../bindings";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Select, TextArea, TextField } from "../../components/Field";
import { Kbd } from "../../components/Kbd";
import rows from "../../components/Rows.module.css";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";
import { splitTags } from "../../data/draft";
import { SchedulePreview } from "./SchedulePreview";
import styles from "./Schedules.module.css";
import { knownZones, ownZone } from "./when";
import { MISFIRES, OVERLAPS } from "./words";

export interface ScheduleDialogProps {
  /** Null: a new one. */
  schedule: Schedule | null;
  projects: Project[];
  agents: Agent[];
  onClose(): void;
}

interface Draft {
  name: string;
  when: string;
  zone: string;
  title: string;
  description: string;
  project: string;
  column: Status;
  assignee: string;
  priority: string;
  tags: string;
  misfire: Misfire;
  cap: string;
  overlap: Overlap;
}

export function ScheduleDialog({ schedule, projects, agents, onClose }: ScheduleDialogProps) {
  const [draft, setDraft] = useState<Draft>(() => draftOf(schedule));
  const put = useAction("putSchedule");
  const set = (fields: Partial<Draft>) => setDraft({ ...draft, ...fields });
  const save = (event?: FormEvent) => {
    event?.preventDefault();
    put.mutate(requestOf(schedule, draft), { onSuccess: onClose });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={schedule ? `Schedule ${schedule.name}` : "New schedule"}
      width={720}
      foot={
        <>
          {put.error && <InlineError problem={put.error} />}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="schedule" look="primary" disabled={put.isPending}>
            {schedule ? "Save" : "Add schedule"} <Kbd>Ctrl ↵</Kbd>
          </Button>
        </>
      }
    >
      <form id="schedule" className={rows.form} onSubmit={save} onKeyDown={onKeyDown}>
        <TextField
          label="Name"
          placeholder="daily standup report"
          autoFocus
          value={draft.name}
          onChange={(event) => set({ name: event.target.value })}
        />
        <div className={rows.two}>
          <TextField
            label="When"
            placeholder="every weekday at 9"
            hint="In words, or as five cron fields."
            value={draft.when}
            onChange={(event) => set({ when: event.target.value })}
          />
          <TextField
            label="Time zone"
            list="zones"
            hint="Its clock on the wall counts, summer and winter."
            value={draft.zone}
            onChange={(event) => set({ zone: event.target.value })}
          />
          <Zones />
        </div>
        <SchedulePreview when={draft.when} zone={draft.zone} title={draft.title} />
        <TextField
          label="Title of its cards"
          placeholder="Standup report {date}"
          hint="{date}, {time}, {weekday}, {week} and {month} are filled in. Without any, the date is added."
          value={draft.title}
          onChange={(event) => set({ title: event.target.value })}
        />
        <TextArea
          label="Description"
          rows={4}
          value={draft.description}
          onChange={(event) => set({ description: event.target.value })}
        />
        <div className={styles.four}>
          <Select
            label="Project"
            value={draft.project}
            options={[
              { value: "", label: "None" },
              ...projects.map((one) => ({ value: String(one.id), label: one.name })),
            ]}
            onChange={(event) => set({ project: event.target.value })}
          />
          <Select
            label="Column"
            value={draft.column}
            options={[
              { value: "inbox", label: "Inbox" },
              { value: "ready", label: "Ready" },
            ]}
            onChange={(event) => set({ column: event.target.value as Status })}
          />
          <Select
            label="Agent"
            value={draft.assignee}
            options={[
              { value: "", label: "Any" },
              ...agents.map((agent) => ({ value: agent.name, label: agent.title })),
            ]}
            onChange={(event) => set({ assignee: event.target.value })}
          />
          <Select
            label="Priority"
            value={draft.priority}
            options={priorities(draft.priority)}
            onChange={(event) => set({ priority: event.target.value })}
          />
        </div>
        <TextField
          label="Tags"
          placeholder="report, daily"
          value={draft.tags}
          onChange={(event) => set({ tags: event.target.value })}
        />
        <div className={rows.two}>
          <Select
            label="While its last card is still open"
            value={draft.overlap}
            options={OVERLAPS}
            onChange={(event) => set({ overlap: event.target.value as Overlap })}
          />
          <Select
            label="Times missed while nothing was running"
            value={draft.misfire}
            options={MISFIRES}
            onChange={(event) => set({ misfire: event.target.value as Misfire })}
          />
        </div>
        {draft.misfire === "all" && (
          <TextField
            label="At most this many cards at once"
            type="number"
            min={1}
            max={100}
            value={draft.cap}
            onChange={(event) => set({ cap: event.target.value })}
          />
        )}
      </form>
    </Dialog>
  );
}

/** Four hundred names, drawn once and not at every key. */
const Zones = memo(function Zones() {
  return (
    <datalist id="zones">
      {knownZones().map((zone) => (
        <option key={zone} value={zone} />
      ))}
    </datalist>
  );
});

const PRIORITIES = [
  { value: "10", label: "Critical" },
  { value: "8", label: "High" },
  { value: "5", label: "Medium" },
  { value: "2", label: "Low" },
];

/** The four words, and the level itself where it has none. */
function priorities(level: string) {
  const known = PRIORITIES.some(({ value }) => value === level);
  return known ? PRIORITIES : [...PRIORITIES, { value: level, label: level }];
}

function draftOf(schedule: Schedule | null): Draft {
  return {
    name: schedule?.name ?? "",
    when: schedule?.when ?? "",
    zone: schedule?.zone ?? ownZone(),
    title: schedule?.title ?? "",
    description: schedule?.description ?? "",
    project: schedule?.project == null ? "" : String(schedule.project),
    column: schedule?.column ?? "inbox",
    assignee: schedule?.assignee ?? "",
    priority: String(schedule?.priority ?? 5),
    tags: schedule?.tags.join(", ") ?? "",
    misfire: schedule?.misfire ?? "one",
    cap: String(schedule?.cap ?? 10),
    overlap: schedule?.overlap ?? "skip",
  };
}

function requestOf(schedule: Schedule | null, draft: Draft): PutSchedule {
  return {
    id: schedule?.id ?? null,
    name: draft.name,
    when: draft.when,
    zone: draft.zone,
    title: draft.title,
    description: draft.description,
    project: draft.project === "" ? null : Number(draft.project),
    column: draft.column,
    assignee: draft.assignee || null,
    priority: Number(draft.priority),
    tags: splitTags(draft.tags),
    misfire: draft.misfire,
    cap: Number(draft.cap) || 0,
    overlap: draft.overlap,
  };
}
