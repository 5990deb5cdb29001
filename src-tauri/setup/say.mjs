// What the set-up says and how it starts other programs. Everything here uses Node's built-ins only, because these
// scripts run before `npm ci` has had its turn.

import { spawn } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);

/** A failure whose message already tells the person what to do; printed without a stack. */
export class Stop extends Error {}

/** Numbered steps: "2/5 Rust toolchain … rustc 1.95.0 (0.1 s)". */
export function stepper(total) {
  let number = 0;
  return async (title, work) => {
    number += 1;
    const label = bold(`${number}/${total} ${title}`);
    console.log(`${label} …`);
    const started = Date.now();
    const outcome = await work();
    console.log(`${label}: ${outcome} ${dim(`(${seconds(Date.now() - started)})`)}`);
  };
}

export function seconds(milliseconds) {
  const s = milliseconds / 1000;
  return s < 60 ? `${s.toFixed(1)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}

// How long a program's output may stay open after it ended: what it left running must not hold us up.
const LINGER = 3_000;

/**
 * Runs a program to its end. `show: true` passes its output through; otherwise the output is kept, and shown only
 * when the program fails. `onLine` sees each line without colours, whichever way it is shown. `limit` (minutes) ends
 * a program that hangs, with everything it started in its process group.
 * Resolves with { code, output, stdout }; a program that cannot be started counts as code 127, a late one as 124.
 */
export function run(program, args, { cwd = ROOT, env = {}, show = false, onLine, limit } = {}) {
  return new Promise((done) => {
    const watched = !show || onLine !== undefined;
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", watched ? "pipe" : "inherit", watched ? "pipe" : "inherit"],
      detached: limit !== undefined,
    });
    const guard = limit === undefined ? undefined : guardGroup(child, limit);
    const kept = { output: "", stdout: "" };
    const finish = (code) => {
      guard?.release();
      done({ code: guard?.late ? 124 : code, ...kept });
    };
    follow(child.stdout, onLine, (text) => {
      if (show) return process.stdout.write(text);
      kept.stdout += text;
      kept.output += text;
    });
    follow(child.stderr, onLine, (text) => {
      if (show) return process.stderr.write(text);
      kept.output += text;
    });
    child.on("error", (error) => {
      kept.output = `${program}: ${error.message}`;
      finish(127);
    });
    child.on("exit", (code) => {
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        finish(code ?? 128);
      }, LINGER);
      child.on("close", () => {
        clearTimeout(timer);
        finish(code ?? 128);
      });
    });
  });
}

function follow(stream, onLine, pass) {
  let partial = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (text) => {
    pass(text);
    if (!onLine) return;
    const lines = (partial + text).split("\n");
    partial = lines.pop();
    for (const line of lines) onLine(withoutColour(line));
  });
  stream?.on("end", () => partial && onLine?.(withoutColour(partial)));
}

// The child leads a process group of its own, so Ctrl-C does not reach it by itself: it is handed on.
function guardGroup(child, minutes) {
  const end = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group is gone already.
    }
  };
  const guard = { late: false };
  const giveUp = () => {
    guard.late = true;
    console.error(red(`\nStill running after ${minutes} min: ended.`));
    end("SIGTERM");
    setTimeout(() => end("SIGKILL"), 10_000).unref();
  };
  const timer = setTimeout(giveUp, minutes * 60_000);
  const interrupted = () => {
    end("SIGTERM");
    process.exit(130);
  };
  process.on("SIGINT", interrupted);
  process.on("SIGTERM", interrupted);
  guard.release = () => {
    clearTimeout(timer);
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", interrupted);
  };
  return guard;
}

/**
 * As `run`, for a step that must work: on failure the end of its output is printed and `Stop` is thrown with the
 * advice. Returns its standard output.
 */
export async function must(program, args, advice, options = {}) {
  const { code, output, stdout } = await run(program, args, options);
  if (code === 0) return stdout;
  // The end of a long log is what says why.
  if (output) process.stderr.write(`${output.trimEnd().split("\n").slice(-60).join("\n")}\n`);
  throw new Stop(`\`${[program, ...args].join(" ")}\` ended with code ${code}. ${advice}`);
}

/** Ends the process the same way for each command: a sentence for what we foresaw, a stack for what we did not. */
export async function main(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    console.error(red(error instanceof Stop ? `\n${error.message}` : `\n${error.stack}`));
    process.exitCode = 1;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]/g;
function withoutColour(line) {
  return line.replace(ESCAPES, "").trimEnd();
}
