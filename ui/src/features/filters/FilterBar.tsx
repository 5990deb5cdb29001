// The board's filter bar: tag, agent, urgency and date beside the search box's words, and filters under a name.
// What is chosen travels in the address; a saved filter is put there whole.
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Agent, DueIn, SavedFilter } from "../../bindings";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Select, TextField } from "../../components/Field";
import { InlineError } from "../../components/States";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { type Filter, filterOf, isEmpty, ruleOf, sameRule } from "../../data/filter";
import styles from "./FilterBar.module.css";

const URGENCIES = [
  { value: "", label: "Any priority" },
  { value: "9", label: "Critical" },
  { value: "7", label: "High and above" },
  { value: "4", label: "Medium and above" },
];

const DUE: { value: "" | DueIn; label: string }[] = [
  { value: "", label: "Any date" },
  { value: "overdue", label: "Overdue" },
  { value: "today", label: "Due today" },
  { value: "week", label: "Due in 7 days" },
  { value: "none", label: "No date" },
];

export interface FilterBarProps {
  filter: Filter;
  saved: readonly SavedFilter[];
  agents: readonly Agent[];
  /** Tags that some card has. */
  tags: readonly string[];
  onChange(filter: Filter): void;
  /** Puts everything away. */
  onClose(): void;
}

export function FilterBar({ filter, saved, agents, tags, onChange, onClose }: FilterBarProps) {
  const [naming, setNaming] = useState(false);
  const bar = useRef<HTMLElement>(null);
  // Opened by a key or a button: the first box is where the hands are.
  useEffect(() => bar.current?.querySelector("select")?.focus(), []);
  const current = saved.find((each) => sameRule(each.filter, ruleOf(filter)));
  const chosen = filter.tags ?? [];
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    onClose();
  };
  return (
    <search ref={bar} aria-label="Filter" className={styles.bar} onKeyDown={onKeyDown}>
      <Box
        label="Saved filter"
        value={current?.name ?? ""}
        options={[
          { value: "", label: saved.length === 0 ? "No saved filters" : "Saved filters" },
          ...saved.map(({ name }) => ({ value: name, label: name })),
        ]}
        onChange={(name) => {
          const rule = saved.find((each) => each.name === name)?.filter;
          if (rule) onChange(filterOf(rule));
        }}
      />
      <Box
        label="Tag"
        value={chosen[0] ?? ""}
        options={[
          { value: "", label: chosen.length > 1 ? `${chosen.length} tags` : "Any tag" },
          ...[...new Set([...chosen, ...tags])].map((tag) => ({ value: tag, label: `#${tag}` })),
        ]}
        onChange={(tag) => onChange({ ...filter, tags: tag === "" ? [] : [tag] })}
      />
      <Box
        label="Agent"
        value={filter.agent ?? ""}
        options={[
          { value: "", label: "Any agent" },
          ...agents.map(({ name, title }) => ({ value: name, label: title })),
        ]}
        onChange={(agent) => onChange({ ...filter, agent: agent || null })}
      />
      <Box
        label="Priority"
        value={filter.priority == null ? "" : String(filter.priority)}
        options={urgencies(filter.priority)}
        onChange={(level) => onChange({ ...filter, priority: level === "" ? null : Number(level) })}
      />
      <Box
        label="Due"
        value={filter.due ?? ""}
        options={DUE}
        onChange={(due) => onChange({ ...filter, due: (due || null) as DueIn | null })}
      />
      <span className={styles.end}>
        {current ? (
          <RemoveFilter name={current.name} filter={current.filter} />
        ) : (
          <Button size="small" disabled={isEmpty(filter)} onClick={() => setNaming(true)}>
            Save as…
          </Button>
        )}
        <Button size="small" look="plain" onClick={onClose}>
          Clear
        </Button>
      </span>
      {naming && <NameDialog filter={filter} saved={saved} onClose={() => setNaming(false)} />}
    </search>
  );
}

/** One that another door chose between ours is shown as what it is. */
function urgencies(level: number | null | undefined): typeof URGENCIES {
  const value = String(level ?? "");
  if (URGENCIES.some((known) => known.value === value)) return URGENCIES;
  return [...URGENCIES, { value, label: `${value} and above` }];
}

interface BoxProps {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange(value: string): void;
}

function Box({ label, value, options, onChange }: BoxProps) {
  return (
    <div className={styles.box}>
      <Select
        label={label}
        hideLabel
        value={value}
        options={options}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}

function RemoveFilter({ name, filter }: SavedFilter) {
  const remove = useAction("removeFilter");
  const put = useAction("putFilter");
  const report = (problem: { message: string; next: string | null }) =>
    toast({ text: problem.message, next: problem.next, tone: "bad" });
  const go = () =>
    remove.mutate(
      { name },
      {
        onError: report,
        onSuccess: () =>
          toast({
            text: `The filter “${name}” is removed.`,
            action: { run: () => put.mutate({ name, filter }, { onError: report }) },
          }),
      },
    );
  return (
    <Button size="small" disabled={remove.isPending} onClick={go}>
      Remove “{name}”
    </Button>
  );
}

interface NameDialogProps {
  filter: Filter;
  saved: readonly SavedFilter[];
  onClose(): void;
}

function NameDialog({ filter, saved, onClose }: NameDialogProps) {
  const [name, setName] = useState("");
  const put = useAction("putFilter");
  const taken = saved.some((each) => each.name.toLowerCase() === name.trim().toLowerCase());
  const save = (event: FormEvent) => {
    event.preventDefault();
    put.mutate(
      { name, filter: ruleOf(filter) },
      {
        onSuccess: (kept) => {
          toast({ text: `The filter “${kept.name}” is saved.` });
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Save this filter"
      width={360}
      foot={
        <>
          {put.error && <InlineError problem={put.error} />}
          <Button type="submit" form="name-filter" look="primary" disabled={put.isPending}>
            {taken ? "Replace" : "Save"}
          </Button>
        </>
      }
    >
      <form id="name-filter" onSubmit={save}>
        <TextField
          label="Name"
          maxLength={60}
          autoFocus
          hint={taken ? "A filter of this name is there already." : "As it is listed here and in the commands."}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </form>
    </Dialog>
  );
}
