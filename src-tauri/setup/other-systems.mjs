// `npm run check:systems`: type-checks the Rust crates for the systems that this machine is not. Nothing is linked
// and nothing runs, so no foreign linker or SDK is needed: only a compiler that has the other system's standard
// library, or its sources to build it from. Not part of `npm test`, because few machines have either. The window's
// crate is left out: its build wants the other system's own tools.

import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { main, ROOT, run, Stop, stepper } from "./say.mjs";

const SYSTEMS = [
  { name: "Linux", platform: "linux", target: "x86_64-unknown-linux-gnu" },
  { name: "macOS", platform: "darwin", target: "aarch64-apple-darwin" },
  { name: "Windows", platform: "win32", target: "x86_64-pc-windows-gnu" },
];

await main(async () => {
  if (process.platform === "win32") throw new Stop("This check runs on Linux and macOS only.");
  const others = SYSTEMS.filter((system) => system.platform !== process.platform);
  const step = stepper(others.length);
  let unchecked = 0;
  for (const { name, target } of others) {
    await step(`${name} (${target})`, async () => {
      const compiler = await compilerFor(target);
      if (compiler === undefined) {
        unchecked += 1;
        console.log(advice(target));
        return "not checked";
      }
      await check(target, compiler);
      return `type-checks with ${compiler.rustc}`;
    });
  }
  // What could not be looked at is no success.
  return unchecked === 0 ? 0 : 2;
});

/** The first compiler, in the order of PATH, that is new enough and has what it takes. */
async function compilerFor(target) {
  const named = process.env.RUSTC ? [process.env.RUSTC] : [];
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "rustc"));
  for (const rustc of [...named, ...onPath.filter(existsSync)]) {
    if (!(await isNewEnough(rustc))) continue;
    const library = await ask(rustc, ["--print", "target-libdir", "--target", target]);
    if (existsSync(library) && readdirSync(library).some((file) => /^libstd-.*\.rlib$/.test(file)))
      return { rustc, args: [], env: {} };
    const sources = join(await ask(rustc, ["--print", "sysroot"]), "lib/rustlib/src/rust/library/Cargo.lock");
    if (existsSync(sources))
      // A released compiler builds the library only when told that it knows what it does.
      return { rustc, args: ["-Z", "build-std=std,panic_abort"], env: { RUSTC_BOOTSTRAP: "1" } };
  }
  return undefined;
}

async function isNewEnough(rustc) {
  const wanted = /^rust-version = "([\d.]+)"/m.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"))[1];
  const found = /^rustc (\d+)\.(\d+)/.exec(await ask(rustc, ["--version"]));
  const [major, minor] = wanted.split(".").map(Number);
  return found !== null && (Number(found[1]) > major || (Number(found[1]) === major && Number(found[2]) >= minor));
}

async function ask(rustc, args) {
  return (await run(rustc, args)).stdout.trim();
}

function advice(target) {
  return [
    "  No Rust compiler here can check for it. Either of these helps:",
    `    rustup target add ${target}`,
    "    rustup component add rust-src   (Debian: a rustc with its rust-src package, named by RUSTC=/path/to/rustc)",
  ].join("\n");
}

async function check(target, compiler) {
  const pretended = mkdtempSync(join(tmpdir(), "flightboard-cc-"));
  try {
    const suffix = target.replaceAll("-", "_");
    const cc = pretend(join(pretended, "cc"), 'while [ $# -gt 0 ]; do [ "$1" = -o ] && : > "$2"; shift; done; exit 0');
    const ar = pretend(
      join(pretended, "ar"),
      `for file in "$@"; do case "$file" in *.a) printf '!<arch>\\n' > "$file";; esac; done`,
    );
    const env = {
      ...compiler.env,
      RUSTC: compiler.rustc,
      // A compiler of its own would make the usual one build everything anew.
      CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? join(ROOT, "target/other-systems"),
      [`CC_${suffix}`]: cc,
      [`CXX_${suffix}`]: cc,
      [`AR_${suffix}`]: ar,
    };
    const cargo = ["check", "--locked", "--target", target, ...compiler.args];
    const packages = crates().flatMap((name) => ["-p", `flightboard-${name}`]);
    await checked(["cargo", [...cargo, ...packages, "--lib", "--bins"]], env);
    // The host's own tests for each system are beside its code.
    await checked(["cargo", [...cargo, "-p", "flightboard-pty-host", "--tests"]], env);
  } finally {
    rmSync(pretended, { recursive: true, force: true });
  }
}

/** Types need no machine code, so the C that some crates bring along is compiled to nothing. */
function pretend(path, script) {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function crates() {
  return readdirSync(join(ROOT, "src-tauri/crates")).filter((name) => name !== "testkit");
}

async function checked([program, args], env) {
  const { code } = await run(program, args, { env, show: true });
  if (code !== 0) throw new Stop("It does not compile there; the lines above say where.");
}
