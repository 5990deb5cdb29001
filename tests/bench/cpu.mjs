// Processor time, which says what work costs even where other programs keep the machine busy.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

let tick;

/** Milliseconds that the process has computed, all its threads together; in steps of one clock tick, mostly 10 ms. */
export function computed(pid) {
  tick ??= 1_000 / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Behind the name, which may hold anything, the fields begin with the third.
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  return (Number(user) + Number(system)) * tick;
}
