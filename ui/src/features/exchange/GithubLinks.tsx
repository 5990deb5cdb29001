// The repositories at GitHub whose issues are cards here: link one to a project, see what a sync would do, do it, and
// unlink. Nothing goes to GitHub before somebody presses a button.
import { type FormEvent, useState } from "react";
import type { Github, GithubLink, Project, SyncedIssues } from "../../bindings";
import { Button } from "../../components/Button";
import { ConfirmDialog } from "../../components/Dialog";
import { Select, TextField } from "../../components/Field";
import rows from "../../components/Rows.module.css";
import { InlineError } from "../../components/States";
import { sentence } from "../../components/sentence";
import { RelativeTime } from "../../components/Time";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { useBackend } from "../../data/context";
import styles from "./Exchange.module.css";
import { doneWords, KEY_WORDS, type Step, stepsOf } from "./words";

export interface GithubLinksProps {
  github: Github;
  projects: readonly Project[];
}

export function GithubLinks({ github, projects }: GithubLinksProps) {
  const { words, next } = KEY_WORDS[github.key];
  const linked = new Set(github.links.map((link) => link.project));
  const free = projects.filter((project) => !linked.has(project.id));
  return (
    <>
      <p className={styles.note}>
        {words} {next}
      </p>
      {github.links.length > 0 && (
        <ul className={rows.list} aria-label="Linked repositories">
          {github.links.map((link) => {
            const project = projects.find(({ id }) => id === link.project);
            return project && <LinkRow key={link.project} link={link} project={project} />;
          })}
        </ul>
      )}
      {projects.length === 0 ? (
        <p className={styles.note}>Issues become cards of a project: add one first, on the Projects page.</p>
      ) : (
        free.length > 0 && <LinkForm projects={free} />
      )}
    </>
  );
}

function LinkRow({ link, project }: { link: GithubLink; project: Project }) {
  const backend = useBackend();
  const preview = useAction("syncGithub");
  const sync = useAction("syncGithub");
  const busy = preview.isPending || sync.isPending;
  const { repository } = link;
  const unseen = <span className="unseen"> {repository}</span>;
  const look = () => {
    sync.reset();
    preview.mutate({ repository, preview: true });
  };
  const go = () => {
    preview.reset();
    sync.mutate({ repository });
  };
  // A failed sync is also on record; it is said once.
  const problem = preview.error ?? sync.error ?? (busy ? null : (link.last?.problem ?? null));
  return (
    <li className={rows.row} data-testid={`link-${repository}`}>
      <div className={rows.head}>
        <button type="button" className={styles.link} onClick={() => void backend.openUrl(link.url)}>
          {repository}
        </button>
        <span className={styles.quiet}>cards of {project.name}</span>
      </div>
      <p className={rows.facts}>
        <LastSync link={link} />
      </p>
      {problem && <InlineError problem={{ message: `${sentence(problem.message)}.`, next: nextStep(problem.next) }} />}
      {preview.data && <Preview synced={preview.data} />}
      {sync.data && sync.data.refused.length > 0 && <Refused synced={sync.data} />}
      <div className={rows.buttons}>
        <Button size="small" disabled={busy} onClick={look}>
          {preview.isPending ? "Asking GitHub…" : "Preview"}
          {unseen}
        </Button>
        <Button size="small" look={preview.data ? "primary" : undefined} disabled={busy} onClick={go}>
          {sync.isPending ? "Syncing…" : "Sync now"}
          {unseen}
        </Button>
        <Unlink project={project} repository={repository} />
      </div>
    </li>
  );
}

function nextStep(next: string | null): string | null {
  return next === null ? null : `${sentence(next)}.`;
}

function LastSync({ link: { last } }: { link: GithubLink }) {
  if (last === null) return <span>Never synced. A preview says what would change, on either side.</span>;
  const done = doneWords(last);
  return (
    <>
      <span>
        {last.problem ? "Failed " : "Synced "}
        <RelativeTime at={last.at} />
      </span>
      <span>{done ?? (last.problem ? "nothing changed" : "both sides were alike")}</span>
    </>
  );
}

/** Lines of one side that are shown. */
const MOST = 50;

function Preview({ synced }: { synced: SyncedIssues }) {
  const { here, there } = stepsOf(synced);
  if (here.length + there.length + synced.refused.length === 0) {
    return <p className={styles.preview}>Both sides are alike: a sync would change nothing.</p>;
  }
  return (
    <div className={styles.preview}>
      <Side title="On the board" steps={here} />
      <Side title="At GitHub" steps={there} />
      <Refused synced={synced} />
    </div>
  );
}

function Refused({ synced: { refused } }: { synced: SyncedIssues }) {
  const steps = refused.map(({ number, why }) => ({
    number,
    text: [why.message, why.next].filter(Boolean).join("; "),
  }));
  return <Side title="Refused" steps={steps} />;
}

function Side({ title, steps }: { title: string; steps: readonly Step[] }) {
  if (steps.length === 0) return null;
  return (
    <section aria-label={title}>
      <h3 className={styles.side}>{title}</h3>
      <ul>
        {steps.slice(0, MOST).map(({ number, text }) => (
          <li key={number} className={styles.step}>
            <span className={styles.number}>#{number}</span> {text}
          </li>
        ))}
        {steps.length > MOST && <li className={styles.quiet}>and {steps.length - MOST} more</li>}
      </ul>
    </section>
  );
}

function Unlink({ project, repository }: { project: Project; repository: string }) {
  const [asking, setAsking] = useState(false);
  const edit = useAction("editProject");
  return (
    <>
      <Button size="small" onClick={() => setAsking(true)}>
        Unlink<span className="unseen"> {repository}</span>
      </Button>
      <ConfirmDialog
        open={asking}
        title={`Unlink ${repository}?`}
        note="Cards and issues stay as they are and are no longer brought together. Linked again, they find one another."
        confirm="Unlink"
        busy={edit.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          edit.mutate(
            { id: project.id, settings: { ...project.settings, github: null } },
            { onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }) },
          );
        }}
      />
    </>
  );
}

function LinkForm({ projects }: { projects: readonly Project[] }) {
  const [repository, setRepository] = useState("");
  const [chosen, setChosen] = useState("");
  const edit = useAction("editProject");
  const namesake = nameOf(repository).split("/")[1]?.toLowerCase();
  const project =
    projects.find(({ id }) => String(id) === chosen) ??
    projects.find(({ name, directory }) => [name, directory].some((each) => each.toLowerCase() === namesake)) ??
    projects[0];
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (!project) return;
    const settings = { ...project.settings, github: nameOf(repository) };
    edit.mutate({ id: project.id, settings }, { onSuccess: () => setRepository("") });
  };
  const error = edit.error ? [edit.error.message, edit.error.next].filter(Boolean).join("; ") : null;
  return (
    <form className={styles.add} onSubmit={save} aria-label="Link a repository">
      <TextField
        label="Repository at GitHub"
        mono
        placeholder="owner/name"
        value={repository}
        error={error && sentence(error)}
        onChange={(event) => {
          setRepository(event.target.value);
          edit.reset();
        }}
      />
      <div className={styles.choice}>
        <Select
          label="Its issues are cards of"
          value={String(project?.id ?? "")}
          options={projects.map(({ id, name }) => ({ value: String(id), label: name }))}
          onChange={(event) => setChosen(event.target.value)}
        />
      </div>
      <Button type="submit" disabled={repository.trim() === "" || edit.isPending}>
        Link
      </Button>
    </form>
  );
}

/** Also from an address that was copied out of a browser or of `git remote`. */
export function nameOf(text: string): string {
  return text
    .trim()
    .replace(/^(https?:\/\/[^/]+\/|git@[^:]+:)/, "")
    .replace(/(\.git|\/issues\/?|\/)$/, "");
}
