import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { BrokenView } from "./BrokenView";

afterEach(() => vi.restoreAllMocks());

it("a screen that throws is replaced by a sentence and ways out", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const root = createRootRoute({
    component: () => {
      throw new Error("Attempted to assign to readonly property.");
    },
  });
  const router = createRouter({
    routeTree: root,
    history: createMemoryHistory(),
    defaultErrorComponent: BrokenView,
  });
  render(<RouterProvider router={router as never} />);
  expect(await screen.findByRole("alert")).toBeTruthy();
  expect(screen.getByText("Attempted to assign to readonly property.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "To the board" })).toBeTruthy();
});
