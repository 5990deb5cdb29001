import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { fakeBackend } from "../../backend/fake";
import { AgentTable } from "./AgentTable";

test("what is there is shown, and of the others a few until they are asked for", async () => {
  const [one] = await fakeBackend().listAgents({});
  if (!one) throw new Error("the scene has agents");
  const named = (name: string, path: string | null) => ({ ...one, name, title: name, path, enabled: true });
  const away = ["a", "b", "c", "d", "e"].map((name) => named(name, null));
  render(<AgentTable agents={[...away, named("here", "/bin/here"), named("there", "/bin/there")]} />);
  const shown = () => screen.getAllByTestId(/^agent-/).map((row) => row.dataset.testid);
  expect(shown()).toEqual(["agent-here", "agent-there", "agent-a", "agent-b", "agent-c"]);
  await userEvent.click(screen.getByRole("button", { name: "Show 2 more that can be installed" }));
  expect(shown()).toHaveLength(7);
  expect(screen.queryByRole("button", { name: /more/ })).toBeNull();
});
