// Starting the next few cards by hand, all on one agent: those that wait for nothing, in the board's order,
// whether or not they are queued. Limits hold as for any start; a card that cannot start is named.
import { type FormEvent, useState } from "react";
import type { Agent, StartedNext } from "../../bindings";
import { Button } from "../../components/Button";
import { Select, TextField } from "../../components/Field";
import { InlineError } from "../../components/States";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import styles from "./Queue.module.css";
import { startedWords, wholeNumber } from "./words";

/** As many as the engine starts at once. */
const MOST = 50;

export function RunNext({ agents }: { agents: readonly Agent[] }) {
  const able = agents.filter((agent) => agent.path !== null && agent.enabled && agent.name !== "custom");
  const [count, setCount] = useState("3");
  const [chosen, setChosen] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  const [last, setLast] = useState<StartedNext | null>(null);
  const start = useAction("startNext");
  const agent = chosen ?? able[0]?.name;
  if (agent === undefined) return <p className={styles.hint}>No agent is installed yet.</p>;
  const run = (event: FormEvent) => {
    event.preventDefault();
    const number = wholeNumber(count);
    if (number == null || number < 1 || number > MOST) return setWrong(true);
    setLast(null);
    const told = (started: StartedNext) => {
      setLast(started);
      toast({ text: startedWords(started.runs.length, agent) });
    };
    start.mutate({ count: number, agent }, { onSuccess: told });
  };
  return (
    <form className={styles.next} onSubmit={run} aria-label="Run next">
      <TextField
        label="Cards"
        inputMode="numeric"
        value={count}
        error={wrong ? `A number from 1 to ${MOST}.` : null}
        onChange={(event) => {
          setCount(event.target.value);
          setWrong(false);
        }}
      />
      <Select
        label="Agent"
        value={agent}
        options={able.map(({ name, title }) => ({ value: name, label: title }))}
        onChange={(event) => setChosen(event.target.value)}
      />
      <Button type="submit" disabled={start.isPending}>
        {start.isPending ? "Starting …" : "Run next"}
      </Button>
      {start.error && <InlineError problem={start.error} />}
      {last !== null && last.passed_over.length > 0 && (
        <ul className={styles.passed} aria-label="Passed over">
          {last.passed_over.map(({ task, why }) => (
            <li key={task}>
              <span className={styles.key}>T-{task}</span> {why}
            </li>
          ))}
        </ul>
      )}
    </form>
  );
}
