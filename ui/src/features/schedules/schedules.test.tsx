import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, expect, test } from "vitest";
import { type FakeBackend, fakeBackend } from "../../backend/fake";
import type { Schedule, TaskId } from "../../bindings";
import { dismissToasts, Toaster } from "../../components/Toast";
import { createData, DataProvider } from "../../data/context";
import { useSchedules } from "../../data/queries";
import { ScheduleDialog } from "./ScheduleDialog";
import { ScheduleList } from "./ScheduleList";

beforeEach(() => dismissToasts());

/** The list with its dialog, as the page puts them together. */
function Desk({ onOpen }: { onOpen(card: TaskId): void }) {
  const schedules = useSchedules().data ?? [];
  const [editing, setEditing] = useState<Schedule | "new" | null>("new");
  return (
    <>
      <ScheduleList schedules={schedules} onEdit={setEditing} onOpen={onOpen} />
      {editing !== null && (
        <ScheduleDialog
          schedule={editing === "new" ? null : editing}
          projects={[]}
          agents={[]}
          onClose={() => setEditing(null)}
        />
      )}
    </>
  );
}

function desk(): { backend: FakeBackend; opened: TaskId[] } {
  const backend = fakeBackend();
  const opened: TaskId[] = [];
  render(
    <DataProvider data={createData(backend)}>
      <Desk onOpen={(card) => opened.push(card)} />
      <Toaster />
    </DataProvider>,
  );
  return { backend, opened };
}

const preview = () => screen.getByRole("status", { name: "What this means" });

async function write(name: string) {
  await userEvent.type(screen.getByLabelText("Name"), name);
  await userEvent.type(screen.getByLabelText("When"), "every weekday at 9");
  await userEvent.type(screen.getByLabelText("Title of its cards"), "Standup");
}

test("the next five times are shown before anything is saved", async () => {
  const { backend } = desk();
  expect(preview().textContent).toContain("The next five times appear here");
  await write("standup");
  await waitFor(() => expect(within(preview()).getAllByRole("listitem")).toHaveLength(5));
  expect(preview().textContent).toContain("At 09:00, on Monday to Friday");
  expect(backend.calls.some((call) => call.name === "putSchedule")).toBe(false);
});

test("what is not understood is told with what to write instead, and nothing typed is lost", async () => {
  desk();
  await userEvent.type(screen.getByLabelText("Name"), "standup");
  await userEvent.type(screen.getByLabelText("When"), "now and then");
  await waitFor(() => expect(preview().textContent).toContain("“now and then” is not understood"));
  expect(preview().textContent).toContain("try “every weekday at 9”");
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  expect((await screen.findByRole("alert")).textContent).toContain("is not understood");
  expect(screen.getByLabelText<HTMLInputElement>("Name").value).toBe("standup");
});

test("a schedule is added by keyboard, paused, run, edited, removed and brought back", async () => {
  const { backend, opened } = desk();
  await write("standup");
  await userEvent.selectOptions(screen.getByLabelText("Times missed while nothing was running"), "all");
  await userEvent.clear(screen.getByLabelText("At most this many cards at once"));
  await userEvent.type(screen.getByLabelText("At most this many cards at once"), "3");
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const row = await screen.findByTestId("schedule-standup");
  expect(backend.calls.find((call) => call.name === "putSchedule")?.request).toMatchObject({
    when: "every weekday at 9",
    misfire: "all",
    cap: 3,
    overlap: "skip",
  });
  // jsdom drops the blank between the two parts of a name.
  const button = (name: string) => within(row).getByRole("button", { name: new RegExp(`^${name} ?standup$`) });
  const press = (name: string) => userEvent.click(button(name));

  await press("Pause");
  await waitFor(() => expect(row.textContent).toContain("Paused"));
  await press("Resume");
  await waitFor(() => expect(row.textContent).not.toContain("Paused"));

  await press("Run now");
  await userEvent.click(await screen.findByRole("button", { name: "Open" }));
  expect(opened).toHaveLength(1);
  await waitFor(() => expect(row.textContent).toContain(`Last card T-${opened[0]} in the inbox`));

  await press("Edit");
  expect(screen.getByLabelText<HTMLInputElement>("Title of its cards").value).toBe("Standup {date}");
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());

  await press("Remove");
  await waitFor(() => expect(screen.queryByTestId("schedule-standup")).toBeNull());
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  expect(await screen.findByTestId("schedule-standup")).toBeTruthy();
});
