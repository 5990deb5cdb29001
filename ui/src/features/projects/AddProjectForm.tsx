// Adding a folder as a project: type or pick the path, or take a repository that was found.
import { type FormEvent, useState } from "react";
import type { FoundRepository, Project } from "../../bindings";
import { Button } from "../../components/Button";
import { TextField } from "../../components/Field";
import { ErrorState, Skeleton } from "../../components/States";
import { RelativeTime } from "../../components/Time";
import { useAction } from "../../data/actions";
import { useBackend } from "../../data/context";
import { useProjects, useRepositories } from "../../data/queries";
import styles from "./Projects.module.css";

export function AddProjectForm({ onAdded }: { onAdded?: (project: Project) => void }) {
  const [path, setPath] = useState("");
  const add = useAction("addProject");
  const backend = useBackend();
  const submit = (chosen: string) => {
    if (chosen.trim() === "") return;
    add.mutate(
      { path: chosen.trim() },
      {
        onSuccess: (project) => {
          setPath("");
          onAdded?.(project);
        },
      },
    );
  };
  const pick = async () => {
    const chosen = await backend.pickFolder();
    if (chosen === null) return;
    setPath(chosen);
    submit(chosen);
  };
  const error = add.error ? [add.error.message, add.error.next].filter(Boolean).join(" ") : null;
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
          label="Folder of a project"
          mono
          placeholder="/home/you/code/project"
          value={path}
          error={error}
          onChange={(event) => {
            setPath(event.target.value);
            add.reset();
          }}
        />
      </div>
      {backend.canOpen && <Button onClick={() => void pick()}>Choose a folder…</Button>}
      <Button type="submit" look="primary" disabled={path.trim() === "" || add.isPending}>
        Add project
      </Button>
    </form>
  );
}

/** Repositories near the person's home that are no projects yet. */
export function FoundRepositories({ onAdded }: { onAdded?: (project: Project) => void }) {
  const repositories = useRepositories();
  const projects = useProjects();
  if (repositories.isError) {
    return <ErrorState problem={repositories.error} onRetry={() => void repositories.refetch()} />;
  }
  if (!repositories.data) return <Skeleton lines={3} height={28} label="Looking for repositories" />;
  const known = new Set(projects.data?.map((project) => project.path));
  const fresh = repositories.data.filter((repository) => !known.has(repository.path));
  if (fresh.length === 0)
    return (
      <p className={styles.quiet}>No {known.size > 0 && "further "}git repository was found near your home folder.</p>
    );
  return (
    <ul className={styles.list} aria-label="Repositories found">
      {fresh.map((repository) => (
        <FoundRow key={repository.path} repository={repository} onAdded={onAdded} />
      ))}
    </ul>
  );
}

function FoundRow({ repository, onAdded }: { repository: FoundRepository; onAdded?: (project: Project) => void }) {
  const add = useAction("addProject");
  return (
    <li className={styles.found}>
      <span className={styles.name}>{repository.name}</span>
      <span className={styles.path}>{repository.path}</span>
      <span className={styles.when}>
        {repository.last_commit_at !== null && <RelativeTime at={repository.last_commit_at} />}
      </span>
      <Button
        size="small"
        disabled={add.isPending}
        onClick={() => add.mutate({ path: repository.path }, { onSuccess: onAdded })}
      >
        Add<span className="unseen"> {repository.name}</span>
      </Button>
      {add.error && (
        <p role="alert" className={styles.error}>
          {add.error.message} {add.error.next}
        </p>
      )}
    </li>
  );
}
