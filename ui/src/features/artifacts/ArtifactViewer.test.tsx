import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { fakeBackend } from "../../backend/fake";
import type { Artifact } from "../../bindings";
import { dismissToasts, Toaster } from "../../components/Toast";
import { createData, DataProvider } from "../../data/context";
import { ArtifactViewer } from "./ArtifactViewer";

beforeEach(dismissToasts);

const REPORT: Artifact = { id: 7, run: 1, path: "deep/report.md", kind: "text", size: 3, hash: "a".repeat(64), at: 0 };

async function saving(answer: () => Promise<string | null>) {
  const backend = fakeBackend();
  backend.readArtifact = async () => ({ artifact: REPORT, data: btoa("# R"), total: 3 });
  backend.saveArtifact = vi.fn(answer);
  backend.openPath = vi.fn(async () => {});
  render(
    <DataProvider data={createData(backend)}>
      <ArtifactViewer artifact={REPORT} run={null} drawDiff={() => null} />
      <Toaster />
    </DataProvider>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Save a copy…" }));
  return backend;
}

test("a copy is saved where the person said, and its folder can be opened", async () => {
  const backend = await saving(async () => "/home/kim/Documents/report.md");
  expect(backend.saveArtifact).toHaveBeenCalledWith(7);
  await screen.findByText("Saved as /home/kim/Documents/report.md");
  await userEvent.click(screen.getByRole("button", { name: "Open the folder" }));
  expect(backend.openPath).toHaveBeenCalledWith("/home/kim/Documents");
});

test("who changes their mind hears nothing, who is refused hears why", async () => {
  await saving(async () => null);
  expect(screen.queryByText(/Saved/)).toBeNull();
  document.body.replaceChildren();
  await saving(async () => {
    throw { code: "unavailable", message: "could not write /mnt/report.md", next: "choose another place" };
  });
  await screen.findByText("could not write /mnt/report.md");
});
