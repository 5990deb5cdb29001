// Only the board is in the first file; the other pages follow when they are needed or when there is time.
import { lazyRouteComponent } from "@tanstack/react-router";

export const TaskView = lazyRouteComponent(() => import("./TaskView"), "TaskView");
export const ProjectsView = lazyRouteComponent(() => import("./ProjectsView"), "ProjectsView");
export const AgentsView = lazyRouteComponent(() => import("./AgentsView"), "AgentsView");
export const SettingsView = lazyRouteComponent(() => import("./SettingsView"), "SettingsView");
export const SchedulesView = lazyRouteComponent(() => import("./SchedulesView"), "SchedulesView");
export const QueueView = lazyRouteComponent(() => import("./QueueView"), "QueueView");
export const TrashView = lazyRouteComponent(() => import("./TrashView"), "TrashView");
export const WelcomeView = lazyRouteComponent(() => import("./WelcomeView"), "WelcomeView");

/** Fetches what the next click is likely to need. */
export function fetchOtherPages(): void {
  for (const page of [TaskView, ProjectsView, AgentsView, SettingsView, SchedulesView, QueueView, TrashView])
    void page.preload?.();
}
