// How each agent was started last on this machine. Only a convenience: a browser that keeps nothing
// loses nothing but this.
import type { Mode } from "../../bindings";

export interface LastChoice {
  mode: Mode | null;
  model: string;
  command: string;
}

const NOTHING: LastChoice = { mode: null, model: "", command: "" };
const keyFor = (agent: string) => `flightboard.launch.${agent}`;

export function lastChoice(agent: string): LastChoice {
  try {
    return { ...NOTHING, ...(JSON.parse(localStorage.getItem(keyFor(agent)) ?? "{}") as Partial<LastChoice>) };
  } catch {
    return NOTHING;
  }
}

export function rememberChoice(agent: string, choice: LastChoice): void {
  try {
    localStorage.setItem(keyFor(agent), JSON.stringify(choice));
  } catch {
    // Storage may be full or forbidden.
  }
}
