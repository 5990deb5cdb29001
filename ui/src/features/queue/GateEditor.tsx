// What must approve work before it is done: steps in order, each a command, an agent that reviews, or a
// person.

import { useState } from "react";
import type { Agent, Gate, Step } from "../../bindings";
import { Button, IconButton } from "../../components/Button";
import { Select, TextField } from "../../components/Field";
import { CloseIcon, DownIcon, UpIcon } from "../../components/icons";
import { joinCommand, splitCommand } from "../../data/argv";
import styles from "./GateEditor.module.css";

const TIMEOUT_S = 600;
const MOST = 10;

export interface GateEditorProps {
  gate: Gate;
  agents: readonly Agent[];
  onChange(gate: Gate): void;
}

export function GateEditor({ gate, agents, onChange }: GateEditorProps) {
  // A step's box keeps what is typed in it; whatever moves steps about starts the boxes anew.
  const [turn, setTurn] = useState(0);
  const put = (at: number, step: Step) => onChange(gate.map((old, place) => (place === at ? step : old)));
  const move = (at: number, to: number) => {
    const next = [...gate];
    const [moved] = next.splice(at, 1);
    if (moved) next.splice(to, 0, moved);
    setTurn(turn + 1);
    onChange(next);
  };
  const drop = (at: number) => {
    setTurn(turn + 1);
    onChange(gate.filter((_, place) => place !== at));
  };
  const add = (step: Step) => onChange([...gate, step]);
  const reviewer = agents.find((agent) => agent.role === "reviewer") ?? agents.find((agent) => agent.path !== null);
  return (
    <fieldset className={styles.gate}>
      <legend className={styles.legend}>What must approve work before it is done</legend>
      {gate.length === 0 && <p className={styles.hint}>Nothing: a person decides when a card is done.</p>}
      <ol className={styles.steps} aria-label="Steps">
        {gate.map((step, at) => (
          <li key={`${turn}.${at}`} className={styles.step}>
            <span className={styles.place}>{at + 1}</span>
            <div className={styles.body}>
              <StepFields step={step} at={at} agents={agents} onChange={(next) => put(at, next)} />
            </div>
            <IconButton
              size="small"
              label={`Move step ${at + 1} up`}
              disabled={at === 0}
              onClick={() => move(at, at - 1)}
            >
              <UpIcon />
            </IconButton>
            <IconButton
              size="small"
              label={`Move step ${at + 1} down`}
              disabled={at === gate.length - 1}
              onClick={() => move(at, at + 1)}
            >
              <DownIcon />
            </IconButton>
            <IconButton size="small" label={`Remove step ${at + 1}`} onClick={() => drop(at)}>
              <CloseIcon />
            </IconButton>
          </li>
        ))}
      </ol>
      <div className={styles.add}>
        <Button
          size="small"
          disabled={gate.length >= MOST}
          onClick={() => add({ kind: "check", command: [], timeout: TIMEOUT_S })}
        >
          Add a command
        </Button>
        <Button
          size="small"
          disabled={gate.length >= MOST || !reviewer}
          onClick={() => reviewer && add({ kind: "agent", agent: reviewer.name })}
        >
          Add a reviewer
        </Button>
        <Button size="small" disabled={gate.length >= MOST} onClick={() => add({ kind: "person" })}>
          Add a person
        </Button>
      </div>
      <p className={styles.hint}>
        In this order, on the same work. One rejection sends the card back to its agent with what was said.
      </p>
    </fieldset>
  );
}

interface StepFieldsProps {
  step: Step;
  at: number;
  agents: readonly Agent[];
  onChange(step: Step): void;
}

function StepFields({ step, at, agents, onChange }: StepFieldsProps) {
  switch (step.kind) {
    case "check":
      return <CheckFields step={step} at={at} onChange={onChange} />;
    case "agent": {
      const known = agents.some((agent) => agent.name === step.agent);
      const options = agents.map((agent) => ({ value: agent.name, label: agent.title }));
      return (
        <Select
          label="An agent reviews it"
          value={step.agent}
          options={known ? options : [{ value: step.agent, label: step.agent }, ...options]}
          onChange={(event) => onChange({ kind: "agent", agent: event.target.value })}
        />
      );
    }
    case "person":
      return <p className={styles.person}>A person approves it</p>;
  }
}

type Check = Extract<Step, { kind: "check" }>;

function CheckFields({ step, at, onChange }: { step: Check; at: number; onChange(step: Step): void }) {
  const [text, setText] = useState(() => joinCommand(step.command));
  return (
    <div className={styles.check}>
      <TextField
        label="A command succeeds"
        aria-label={`Command of step ${at + 1}`}
        mono
        placeholder="npm test"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          onChange({ ...step, command: splitCommand(event.target.value) });
        }}
      />
      <TextField
        label="Seconds at most"
        aria-label={`Seconds at most for step ${at + 1}`}
        type="number"
        min={1}
        max={21_600}
        value={step.timeout}
        onChange={(event) => onChange({ ...step, timeout: Number(event.target.value) })}
      />
    </div>
  );
}
