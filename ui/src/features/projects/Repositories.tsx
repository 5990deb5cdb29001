// The repositories that lie side by side in each workspace of a project: the project's own, and further ones that are
// added by path, given a directory and a base, and taken out again. Each change is sent at once, apart from the form.
import { type FormEvent, useState } from "react";
import type { Project, Repository } from "../../bindings";
import { Button } from "../../components/Button";
import { ConfirmDialog } from "../../components/Dialog";
import { TextField } from "../../components/Field";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { useBackend } from "../../data/context";
import styles from "./Projects.module.css";

export function Repositories({ project }: { project: Project }) {
  return (
    <section className={styles.repositories} aria-label={`Repositories of ${project.name}`}>
      <p className={styles.quiet}>
        {project.repositories.length === 0
          ? "A card may need more than one repository: add others, and each workspace holds a worktree of every one, side by side."
          : "Each new workspace holds a worktree of every one, side by side, on a branch of one name. Agents start in the directory that holds them."}
      </p>
      {project.repositories.length > 0 && (
        <ul className={styles.list} aria-label="Side by side">
          <li className={styles.line}>
            <span className={styles.directory}>{project.directory}/</span>
            <span className={styles.path}>{project.path}</span>
            <span className={styles.when}>the project’s own</span>
          </li>
          {project.repositories.map((repository) => (
            <RepositoryRow key={repository.id} project={project} repository={repository} />
          ))}
        </ul>
      )}
      <AddRepository project={project} />
    </section>
  );
}

function RepositoryRow({ project, repository }: { project: Project; repository: Repository }) {
  const [directory, setDirectory] = useState(repository.directory);
  const [base, setBase] = useState(repository.base);
  const edit = useAction("editRepository");
  const changed = directory.trim() !== repository.directory || base.trim() !== repository.base;
  const save = (event: FormEvent) => {
    event.preventDefault();
    edit.mutate({ id: repository.id, directory: directory.trim(), base: base.trim() });
  };
  const problem = edit.error ?? (repository.problem ? { message: repository.problem, next: null } : null);
  return (
    <li data-testid={`repository-${repository.directory}`}>
      <form className={styles.repository} onSubmit={save}>
        <TextField
          label={`Directory of ${repository.path}`}
          hideLabel
          mono
          value={directory}
          onChange={(event) => {
            setDirectory(event.target.value);
            edit.reset();
          }}
        />
        <span className={styles.path}>{repository.path}</span>
        <TextField
          label={`Start worktrees of ${repository.directory} from`}
          hideLabel
          mono
          placeholder="from HEAD"
          value={base}
          onChange={(event) => {
            setBase(event.target.value);
            edit.reset();
          }}
        />
        <Button size="small" type="submit" disabled={!changed || directory.trim() === "" || edit.isPending}>
          Save<span className="unseen"> {repository.directory}</span>
        </Button>
        <RemoveRepository project={project} repository={repository} />
      </form>
      {problem && (
        <p role="alert" className={styles.error}>
          {[problem.message, problem.next].filter(Boolean).join(". ")}
        </p>
      )}
    </li>
  );
}

function RemoveRepository({ project, repository }: { project: Project; repository: Repository }) {
  const [asking, setAsking] = useState(false);
  const remove = useAction("removeRepository");
  const go = () => {
    setAsking(false);
    remove.mutate(
      { id: repository.id },
      { onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }) },
    );
  };
  return (
    <>
      <Button size="small" look="bad" onClick={() => setAsking(true)} disabled={remove.isPending}>
        Remove…<span className="unseen"> {repository.directory}</span>
      </Button>
      <ConfirmDialog
        open={asking}
        title={`Take ${repository.directory} out of ${project.name}?`}
        note={`New workspaces are made without it. Workspaces that exist keep their worktree of it, with the work in it, until they are removed; ${repository.path} itself is not touched.`}
        confirm="Take it out"
        danger
        onConfirm={go}
        onClose={() => setAsking(false)}
      />
    </>
  );
}

function AddRepository({ project }: { project: Project }) {
  const [path, setPath] = useState("");
  const add = useAction("addRepository");
  const backend = useBackend();
  const submit = (chosen: string) => {
    if (chosen.trim() === "") return;
    add.mutate({ project: project.id, path: chosen.trim() }, { onSuccess: () => setPath("") });
  };
  const pick = async () => {
    const chosen = await backend.pickFolder();
    if (chosen === null) return;
    setPath(chosen);
    submit(chosen);
  };
  return (
    <form
      className={styles.add}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        submit(path);
      }}
    >
      <div className={styles.addField}>
        <TextField
          label="Folder of a further repository"
          mono
          placeholder="/home/you/code/another"
          value={path}
          error={add.error ? [add.error.message, add.error.next].filter(Boolean).join(". ") : null}
          hint="Cards that have a workspace go on in it as it is; the new repository comes with the next one."
          onChange={(event) => {
            setPath(event.target.value);
            add.reset();
          }}
        />
      </div>
      {backend.canOpen && <Button onClick={() => void pick()}>Choose a folder…</Button>}
      <Button type="submit" disabled={path.trim() === "" || add.isPending}>
        Add repository
      </Button>
    </form>
  );
}
