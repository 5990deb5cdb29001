// Only the board is in the first file; the other pages follow when they are needed or when there is time.
import { lazyRouteComponent } from "@tanstack/react-router";

export const TaskView = lazyRouteComponent(() => import("./TaskView"), "TaskView");
export const ProjectsView = lazyRouteComponent(() => import("./ProjectsView"), "ProjectsView");
export const AgentsView = lazyRouteComponent(() => import("./AgentsView"), "AgentsView");
export const SettingsView = lazyRouteComponent(() => import("./SettingsView"), "SettingsView");
export const KeysView = lazyRouteComponent(() => import("./KeysView"), "KeysView");
export const WebhooksView = lazyRouteComponent(() => import("./WebhooksView"), "WebhooksView");
export const ExchangeView = lazyRouteComponent(() => import("./ExchangeView"), "ExchangeView");
export const SchedulesView = lazyRouteComponent(() => import("./SchedulesView"), "SchedulesView");
export const QueueView = lazyRouteComponent(() => import("./QueueView"), "QueueView");
export const TrashView = lazyRouteComponent(() => import("./TrashView"), "TrashView");
export const WelcomeView = lazyRouteComponent(() => import("./WelcomeView"), "WelcomeView");

/** Fetches what the next click is likely to need. */
export function fetchOtherPages(): void {
  const pages = [TaskView, ProjectsView, AgentsView, SettingsView, SchedulesView, QueueView, TrashView];
  for (const page of [...pages, KeysView, WebhooksView]) void page.preload?.();
}
