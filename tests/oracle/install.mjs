// Puts Python's croniter into tests/.cache/oracle, at the versions of requirements.txt beside this file, for the test
// that compares ten years of schedules with it. Running it twice does nothing the second time.
//
//   node tests/oracle/install.mjs     →  tests/.cache/oracle/bin/python3

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const HOME = join(HERE, "../.cache/oracle");
const PYTHON = join(HOME, "bin/python3");
const WANTED = join(HERE, "requirements.txt");
/** Written last, so that half an installation is not taken for one. */
const HAVE = join(HOME, "requirements.txt");

if (isReady()) {
  console.log("croniter: present");
} else {
  console.log("croniter: installing from PyPI");
  rmSync(HOME, { recursive: true, force: true });
  const pip = ["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--only-binary", ":all:", "--no-deps"];
  perform("python3", ["-m", "venv", HOME], "a virtual environment could not be made. Is python3-venv there?");
  perform(PYTHON, [...pip, "-r", WANTED], "pip could not install croniter. Is the network there?");
  copyFileSync(WANTED, HAVE);
  if (!isReady()) stop("croniter was installed and cannot be imported");
}

function isReady() {
  if (!existsSync(HAVE) || readFileSync(HAVE, "utf8") !== readFileSync(WANTED, "utf8")) return false;
  return spawnSync(PYTHON, ["-c", "import croniter, tzdata"]).status === 0;
}

function perform(program, args, complaint) {
  const { status } = spawnSync(program, args, { stdio: "inherit" });
  if (status !== 0) stop(complaint);
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
