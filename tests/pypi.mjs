// Puts programs from PyPI into a virtual environment of their own below tests/.cache, at the versions of a
// requirements.txt. Asked again it does nothing. What they depend on is named there as well: nothing is resolved.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the environment of this name is. */
export function homeOf(name) {
  return fileURLToPath(new URL(`.cache/${name}`, import.meta.url));
}

/** `imports` must succeed for the environment to count as whole. */
export function ensure(name, { called, requirements, imports }) {
  const home = homeOf(name);
  const python = join(home, "bin/python3");
  // Written last, so that half an installation is not taken for one.
  const have = join(home, "requirements.txt");
  const isReady = () => {
    if (!existsSync(have) || readFileSync(have, "utf8") !== readFileSync(requirements, "utf8")) return false;
    return spawnSync(python, ["-c", `import ${imports}`]).status === 0;
  };
  if (isReady()) return console.log(`${called}: present`);
  console.log(`${called}: installing from PyPI`);
  rmSync(home, { recursive: true, force: true });
  const pip = ["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--only-binary", ":all:", "--no-deps"];
  perform("python3", ["-m", "venv", home], "a virtual environment could not be made. Is python3-venv there?");
  perform(python, [...pip, "-r", requirements], `pip could not install ${called}. Is the network there?`);
  copyFileSync(requirements, have);
  if (!isReady()) stop(`${called} was installed and cannot be imported`);
}

function perform(program, args, complaint) {
  const { status } = spawnSync(program, args, { stdio: "inherit" });
  if (status !== 0) stop(complaint);
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
