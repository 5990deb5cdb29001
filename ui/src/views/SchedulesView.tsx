// The schedules page.
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Schedule } from "../bindings";
import { Button } from "../components/Button";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { useAgents, useProjects, useSchedules } from "../data/queries";
import { ScheduleDialog } from "../features/schedules/ScheduleDialog";
import { ScheduleList } from "../features/schedules/ScheduleList";
import { Page } from "./Page";

export function SchedulesView() {
  const schedules = useSchedules();
  const projects = useProjects().data ?? [];
  const agents = useAgents().data ?? [];
  const navigate = useNavigate();
  const [editing, setEditing] = useState<Schedule | "new" | null>(null);
  const add = (
    <Button look="primary" onClick={() => setEditing("new")}>
      New schedule
    </Button>
  );
  return (
    <Page
      title="Schedules"
      note="Cards that are made again and again: reports, checks, upkeep. Each card carries the date that it was made for."
    >
      {schedules.isError && <ErrorState problem={schedules.error} onRetry={() => void schedules.refetch()} />}
      {schedules.isPending && <Skeleton lines={3} height={56} label="Loading schedules" />}
      {schedules.data?.length === 0 && (
        <EmptyState title="No schedule yet." action={add}>
          Say when in words, such as “every weekday at 9” or “first Monday of the month at 10”, and see the next five
          times before it is saved.
        </EmptyState>
      )}
      {schedules.data && schedules.data.length > 0 && (
        <>
          <div>{add}</div>
          <ScheduleList
            schedules={schedules.data}
            onEdit={setEditing}
            onOpen={(id) => void navigate({ to: "/task/$id", params: { id } })}
          />
        </>
      )}
      {editing !== null && (
        <ScheduleDialog
          schedule={editing === "new" ? null : editing}
          projects={projects}
          agents={agents}
          onClose={() => setEditing(null)}
        />
      )}
    </Page>
  );
}
