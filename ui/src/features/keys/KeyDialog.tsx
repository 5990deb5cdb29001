// A new key: for whom, what it may do, how far it reaches, how long it lasts.
import { useState } from "react";
import type { Agent, KeyRole, NewKey, Project } from "../../bindings";
import { Button } from "../../components/Button";
import { serverNow } from "../../components/clock";
import { Dialog } from "../../components/Dialog";
import { Select, TextField } from "../../components/Field";
import rows from "../../components/Rows.module.css";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";
import { endOf, holders, LIFETIMES, ROLES } from "./words";

export interface KeyDialogProps {
  projects: Project[];
  agents: Agent[];
  onMade(made: NewKey): void;
  onClose(): void;
}

export function KeyDialog({ projects, agents, onMade, onClose }: KeyDialogProps) {
  const create = useAction("createKey");
  const names = holders(agents);
  const [name, setName] = useState("");
  const [role, setRole] = useState<KeyRole>("viewer");
  const [project, setProject] = useState("");
  const [agent, setAgent] = useState(names[0]?.value ?? "");
  const [days, setDays] = useState("30");
  const ofProject = role === "viewer" || role === "operator";
  const make = () => {
    if (name.trim() === "" || create.isPending) return;
    create.mutate(
      {
        name,
        role,
        project: ofProject && project !== "" ? Number(project) : null,
        agent: role === "agent" ? agent : null,
        expires_at: endOf(days, serverNow()),
      },
      { onSuccess: onMade },
    );
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="New key"
      note="A program sends it with each request, or an agent that works elsewhere. Agents that Flightboard starts get one of their own."
      width={560}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="new-key" look="primary" disabled={name.trim() === "" || create.isPending}>
            Make the key
          </Button>
        </>
      }
    >
      <form
        id="new-key"
        className={rows.form}
        onSubmit={(event) => {
          event.preventDefault();
          make();
        }}
      >
        <TextField
          label="Name"
          placeholder="CI of the parser"
          hint="Whose it is, or what for."
          maxLength={100}
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <div className={rows.two}>
          <Select
            label="Role"
            hint={ROLES.find((one) => one.value === role)?.may}
            options={ROLES}
            value={role}
            onChange={(event) => setRole(event.target.value as KeyRole)}
          />
          {ofProject && (
            <Select
              label="Reaches"
              options={[
                { value: "", label: "The whole board" },
                ...projects.map(({ id, name }) => ({ value: String(id), label: `Project ${name}` })),
              ]}
              value={project}
              onChange={(event) => setProject(event.target.value)}
            />
          )}
          {role === "agent" && (
            <Select
              label="Reaches"
              hint="Cards that it was assigned or last worked on."
              options={names}
              value={agent}
              onChange={(event) => setAgent(event.target.value)}
            />
          )}
          {role === "admin" && (
            <Select label="Reaches" disabled options={[{ value: "", label: "The whole board" }]} value="" />
          )}
        </div>
        <Select label="Lasts" options={LIFETIMES} value={days} onChange={(event) => setDays(event.target.value)} />
        {create.error && <InlineError problem={create.error} />}
      </form>
    </Dialog>
  );
}
