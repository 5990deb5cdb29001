// Puts the real agents into tests/.cache/agents, at the versions of package.json beside this file, and checks that
// each starts. Install scripts stay off (some fetch from places that a test machine cannot reach); what they would
// do, pointing the command at the platform's own binary, is done here. Running it twice does nothing the second time.
//
//   node tests/agents/install.mjs     →  tests/.cache/agents/bin/{claude,codex,gemini,opencode,qwen,mcp-inspector-cli}

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const HOME = join(HERE, "../.cache/agents");
const MODULES = join(HOME, "node_modules");
const { dependencies: VERSIONS } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));

const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

// Where each agent's program lies, best first. opencode has a build for processors without AVX2.
const AGENTS = [
  {
    command: "claude",
    package: "@anthropic-ai/claude-code",
    programs: [`@anthropic-ai/claude-code-${platform}/claude`],
  },
  { command: "codex", package: "@openai/codex", programs: ["@openai/codex/bin/codex.js"] },
  { command: "gemini", package: "@google/gemini-cli", programs: ["@google/gemini-cli/bundle/gemini.js"] },
  {
    command: "opencode",
    package: "opencode-ai",
    programs: [`opencode-${platform}/bin/opencode`, `opencode-${platform}-baseline/bin/opencode`],
  },
  { command: "qwen", package: "@qwen-code/qwen-code", programs: ["@qwen-code/qwen-code/cli.js"] },
];

// No agent: the official client that looks at servers of tools, by its command line. It tells no version.
const INSPECTOR = {
  command: "mcp-inspector-cli",
  package: "@modelcontextprotocol/inspector-cli",
  programs: ["@modelcontextprotocol/inspector-cli/build/index.js"],
};

// It reads its version from the package that it is published in together with its page, which is not installed.
const INSPECTOR_PARENT = join(MODULES, "@modelcontextprotocol/package.json");

if (inspectorIsReady() && AGENTS.every(isReady)) {
  console.log("agents: present");
} else {
  install();
}
for (const agent of AGENTS) console.log(`  ${agent.command.padEnd(9)} ${agent.version}`);
console.log(`  ${INSPECTOR.command} ${VERSIONS[INSPECTOR.package]}`);

function install() {
  console.log("agents: installing from npm (about 1 GB on disk)");
  rmSync(HOME, { recursive: true, force: true });
  mkdirSync(join(HOME, "bin"), { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) copyFileSync(join(HERE, file), join(HOME, file));
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  // Not `npm ci`: it insists on lock entries for every platform's program, and the lockfile has those that we run.
  const { status } = spawnSync(npm, ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: HOME,
    stdio: "inherit",
  });
  if (status !== 0) stop("npm could not install the agents. Is the network there?");
  for (const agent of AGENTS) if (!agent.programs.some((program) => link(agent, program))) stop(complaint(agent));
  link(INSPECTOR, INSPECTOR.programs[0]);
  copyFileSync(join(MODULES, INSPECTOR.package, "package.json"), INSPECTOR_PARENT);
  if (!inspectorIsReady()) stop(`${INSPECTOR.package} ${VERSIONS[INSPECTOR.package]} was not installed.`);
}

function inspectorIsReady() {
  const manifest = join(MODULES, INSPECTOR.package, "package.json");
  if (![join(HOME, "bin", INSPECTOR.command), manifest, INSPECTOR_PARENT].every(existsSync)) return false;
  return JSON.parse(readFileSync(manifest, "utf8")).version === VERSIONS[INSPECTOR.package];
}

function link(agent, program) {
  const target = join(MODULES, program);
  if (!existsSync(target)) return false;
  const command = join(HOME, "bin", agent.command);
  rmSync(command, { force: true });
  symlinkSync(relative(dirname(command), target), command);
  return agent === INSPECTOR || isReady(agent);
}

/** The wanted version answers. Agents look for updates in their home, so they get one that is thrown away. */
function isReady(agent) {
  const home = join(HOME, "version-home");
  mkdirSync(home, { recursive: true });
  const { stdout, stderr } = spawnSync(join(HOME, "bin", agent.command), ["--version"], {
    encoding: "utf8",
    timeout: 60_000,
    env: { PATH: process.env.PATH, HOME: home, DISABLE_AUTOUPDATER: "1", OPENCODE_DISABLE_AUTOUPDATE: "1" },
  });
  agent.said = `${stdout ?? ""}${stderr ?? ""}`.trim();
  agent.version = agent.said.match(/\d+\.\d+\.\d+/)?.[0];
  return agent.version === VERSIONS[agent.package];
}

function complaint(agent) {
  return `${agent.command} ${VERSIONS[agent.package]} does not start on ${platform}: ${agent.said || "no program for this platform"}`;
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
