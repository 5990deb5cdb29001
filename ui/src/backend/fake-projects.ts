// The fake engine's projects, their repositories, and what goes out and in: GitHub's issues, files. Its GitHub has one
// issue that is new to the board and takes everything that it is told.
import type { Card, Event, GithubSync, Project, ProjectId, Repository, RepositoryId } from "../bindings";
import type { Operations } from "./backend";
import { refuse } from "./fake-made";
import type { Scene } from "./fake-scene";

type ProjectOperations = Pick<
  Operations,
  | "addProject"
  | "editProject"
  | "removeProject"
  | "addRepository"
  | "editRepository"
  | "removeRepository"
  | "listProjects"
  | "findRepositories"
  | "getGithub"
  | "syncGithub"
  | "exportRecords"
  | "importRecords"
  | "readVibeKanban"
>;

export function fakeProjects(
  world: Scene,
  changed: (also: Partial<Extract<Event, { type: "changed" }>>) => void,
): ProjectOperations {
  const syncs = new Map<string, GithubSync>();
  const editProject = (id: ProjectId, change: (project: Project) => Partial<Project>): Project => {
    const project = world.projects.find((candidate) => candidate.id === id) ?? refuse("not_found", "No such project.");
    const next = { ...project, ...change(project) };
    world.projects = world.projects.map((candidate) => (candidate.id === id ? next : candidate));
    changed({ projects: true });
    return next;
  };
  const projectWith = (id: RepositoryId): ProjectId =>
    world.projects.find(({ repositories }) => repositories.some((repository) => repository.id === id))?.id ??
    refuse("not_found", "That repository is gone.");
  return {
    addProject: async ({ path, name }) => {
      if (!path.startsWith("/")) refuse("invalid", `“${path}” is not a folder.`, "Give the full path of a folder.");
      if (world.projects.some((project) => project.path === path)) {
        refuse("conflict", "That folder is already a project.", "Open it from the list.");
      }
      world.lastProject += 1;
      const project: Project = {
        id: world.lastProject,
        name: name || path.split("/").filter(Boolean).pop() || path,
        path,
        git: true,
        problem: null,
        settings: { base: "", setup: [], in_place: false, trusted: false, agent: null },
        open_cards: 0,
        directory: path.split("/").filter(Boolean).pop() ?? path,
        repositories: [],
      };
      world.projects = [...world.projects, project];
      changed({ projects: true });
      return project;
    },
    editProject: async ({ id, name, settings }) =>
      editProject(id, (project) => ({ name: name ?? project.name, settings: settings ?? project.settings })),
    removeProject: async ({ id }) => {
      world.projects = world.projects.filter((project) => project.id !== id);
      changed({ projects: true });
      return {};
    },
    addRepository: async ({ project, path, directory }) => {
      if (!path.startsWith("/")) refuse("invalid", `${path} does not exist`, "Check the spelling.");
      world.lastRepository += 1;
      const name = directory || path.split("/").filter(Boolean).pop() || path;
      const added: Repository = { id: world.lastRepository, directory: name, path, base: "", problem: null };
      return editProject(project, (before) => ({ repositories: [...before.repositories, added] }));
    },
    editRepository: async ({ id, directory, base }) =>
      editProject(projectWith(id), ({ repositories }) => ({
        repositories: repositories.map((repository) =>
          repository.id === id
            ? { ...repository, directory: directory ?? repository.directory, base: base ?? repository.base }
            : repository,
        ),
      })),
    removeRepository: async ({ id }) =>
      editProject(projectWith(id), ({ repositories }) => ({
        repositories: repositories.filter((repository) => repository.id !== id),
      })),
    listProjects: async () =>
      world.projects.map((project) => ({
        ...project,
        open_cards: [...world.tasks.values()].filter(({ card }) => card.project === project.id && isOpen(card)).length,
      })),
    findRepositories: async () => world.repositories,
    getGithub: async () => ({
      key: "gh",
      links: world.projects.flatMap(({ id, settings: { github } }) =>
        github
          ? [
              {
                project: id,
                repository: github,
                url: `https://github.com/${github}/issues`,
                last: syncs.get(github) ?? null,
              },
            ]
          : [],
      ),
    }),
    syncGithub: async ({ repository, preview }) => {
      const fresh = !syncs.has(repository);
      if (!preview) {
        const problem = null;
        const url = `https://github.com/${repository}`;
        syncs.set(repository, { at: Date.now(), url, added: fresh ? 1 : 0, changed: 0, told: 0, refused: 0, problem });
        changed({ settings: true });
      }
      const card = { number: 7, task: null, title: "Uploads stall", labels: null, state: null };
      return { added: [], changed: [], cards: fresh ? [card] : [], edits: [], refused: [] };
    },
    exportRecords: async () => ({ records: [], cursor: null }),
    importRecords: async ({ records }) => ({ added: records.length, known: 0, left_out: 0 }),
    readVibeKanban: async ({ path }) => refuse("invalid", `${path} cannot be read as a Vibe Kanban database`),
  };
}

function isOpen(card: Card): boolean {
  return !card.trashed && !["done", "failed", "cancelled"].includes(card.status);
}
