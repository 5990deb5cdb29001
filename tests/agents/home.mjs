// A home for a real agent that talks to the fake model server: the files that spare it its first-run questions, and
// the environment and arguments to start it with. Nothing of the person's own home takes part.
//
//   node tests/agents/home.mjs AGENT HOME PORT WORKSPACE
//
// writes the files below HOME and prints {"env": {…}, "unattended": […], "interactive": […]} as JSON; "{prompt}"
// stands for the prompt. HOME must not lie below $TMPDIR or /tmp: Codex's sandbox then fails silently.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const RECIPES = { aider, claude, codex, gemini, opencode, qwen };

export function makeHome(agent, home, port, workspace) {
  if (!Object.hasOwn(RECIPES, agent))
    throw new Error(`no recipe for ${agent}; there are ${Object.keys(RECIPES).join(", ")}`);
  const recipe = RECIPES[agent](home, `http://127.0.0.1:${port}`, workspace);
  for (const [file, text] of Object.entries(recipe.files)) {
    mkdirSync(dirname(join(home, file)), { recursive: true });
    writeFileSync(join(home, file), text);
  }
  const temporary = join(dirname(home), "tmp");
  mkdirSync(temporary, { recursive: true });
  return { ...recipe, env: { HOME: home, TMPDIR: temporary, ...recipe.env } };
}

function claude(_home, server, workspace) {
  return {
    files: {
      // Without onboarding done it calls its maker's server whatever the base URL says; without the trust entry its
      // window asks, and the default answer is No.
      ".claude.json": json({
        hasCompletedOnboarding: true,
        theme: "dark",
        customApiKeyResponses: { approved: ["dummy"], rejected: [] },
        projects: { [workspace]: { hasTrustDialogAccepted: true } },
      }),
    },
    env: {
      ANTHROPIC_BASE_URL: server,
      ANTHROPIC_API_KEY: "dummy",
      DISABLE_TELEMETRY: "1",
      DISABLE_ERROR_REPORTING: "1",
      DISABLE_AUTOUPDATER: "1",
      DISABLE_BUG_COMMAND: "1",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      // The default is ten attempts over minutes, which a test of a failing model would sit through.
      CLAUDE_CODE_MAX_RETRIES: "1",
    },
    unattended: [
      "claude",
      "-p",
      "{prompt}",
      "--output-format",
      "stream-json",
      "--verbose",
      "--permission-mode",
      "acceptEdits",
      "--allowedTools",
      "Bash",
    ],
    interactive: ["claude", "--permission-mode", "default", "{prompt}"],
  };
}

function codex(_home, server, workspace) {
  return {
    files: {
      ".codex/config.toml": [
        // A name that Codex does not know: for known ones it offers no plain function tools.
        'model = "fake-model"',
        'model_provider = "fake"',
        "check_for_update_on_startup = false",
        "",
        "[model_providers.fake]",
        'name = "fake"',
        `base_url = "${server}/v1"`,
        'env_key = "FAKE_API_KEY"',
        'wire_api = "responses"',
        "request_max_retries = 1",
        "stream_max_retries = 1",
        "",
        "[analytics]",
        "enabled = false",
        "",
        "[feedback]",
        "enabled = false",
        "",
        // Honoured in this file only, not as `-c`.
        `[projects.${JSON.stringify(workspace)}]`,
        'trust_level = "trusted"',
        "",
      ].join("\n"),
    },
    env: { FAKE_API_KEY: "dummy" },
    skipPermissions: !sandboxWorks(),
    unattended: sandboxWorks()
      ? ["codex", "exec", "--json", "-s", "workspace-write", "{prompt}"]
      : ["codex", "exec", "--json", "--dangerously-bypass-approvals-and-sandbox", "{prompt}"],
    interactive: ["codex", "--disable", "daemon_auto_start", "-a", "on-request", "-s", "workspace-write", "{prompt}"],
  };
}

function gemini(_home, server, workspace) {
  return {
    files: {
      ".gemini/settings.json": json({
        security: { auth: { selectedType: "gemini-api-key" } },
        // Its default is to ask a model which model to take.
        model: { name: "gemini-2.5-flash" },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
      }),
      ".gemini/trustedFolders.json": json({ [workspace]: "TRUST_FOLDER" }),
    },
    env: {
      GOOGLE_GEMINI_BASE_URL: server,
      GEMINI_API_KEY: "dummy",
      GEMINI_TELEMETRY_ENABLED: "false",
      // Else it restarts itself in a child that outlives the first process.
      GEMINI_CLI_NO_RELAUNCH: "true",
    },
    unattended: ["gemini", "--skip-trust", "-o", "stream-json", "--approval-mode", "auto_edit", "--prompt={prompt}"],
    interactive: ["gemini", "--prompt-interactive={prompt}"],
  };
}

function aider(_home, server) {
  return {
    files: {
      ".aider.conf.yml":
        "model: openai/fake-model\nedit-format: diff\nshow-model-warnings: false\nanalytics-disable: true\n",
    },
    env: { OPENAI_API_BASE: `${server}/v1`, OPENAI_API_KEY: "dummy" },
    unattended: ["aider", "--no-gitignore", "--no-check-update", "--no-pretty", "--yes-always", "--message={prompt}"],
    interactive: ["aider", "--no-gitignore", "--no-check-update"],
  };
}

function qwen(_home, server) {
  return {
    files: {
      ".qwen/settings.json": json({
        security: { auth: { selectedType: "openai" } },
        privacy: { usageStatisticsEnabled: false },
        general: { disableAutoUpdate: true, disableUpdateNag: true },
      }),
    },
    env: {
      OPENAI_BASE_URL: `${server}/v1`,
      OPENAI_API_KEY: "dummy",
      OPENAI_MODEL: "fake-model",
      QWEN_TELEMETRY_ENABLED: "false",
      QWEN_CODE_NO_RELAUNCH: "true",
    },
    unattended: ["qwen", "--output-format", "stream-json", "--approval-mode", "auto-edit", "--prompt={prompt}"],
    interactive: ["qwen", "--prompt-interactive={prompt}"],
  };
}

/** Codex's own sandbox needs namespaces, which a chroot has not; there it does nothing and reports success. */
function sandboxWorks() {
  return spawnSync("unshare", ["-U", "-r", "-m", "true"]).status === 0;
}

function opencode(home, server) {
  const model = { name: "Fake", limit: { context: 128_000, output: 8_000 } };
  return {
    files: {
      "opencode.json": json({
        model: "fake/fake-model",
        small_model: "fake/fake-model",
        autoupdate: false,
        share: "disabled",
        provider: {
          fake: {
            name: "Fake",
            npm: "@ai-sdk/openai-compatible",
            options: { baseURL: `${server}/v1`, apiKey: "dummy" },
            models: { "fake-model": model },
          },
        },
      }),
    },
    env: {
      OPENCODE_CONFIG: join(home, "opencode.json"),
      OPENCODE_DISABLE_AUTOUPDATE: "1",
      OPENCODE_DISABLE_MODELS_FETCH: "1",
      OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
      OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
    },
    unattended: ["opencode", "run", "--format", "json", "{prompt}"],
    interactive: ["opencode", "--prompt", "{prompt}"],
  };
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [agent, home, port, workspace] = process.argv.slice(2);
  if (workspace === undefined) {
    console.error("node tests/agents/home.mjs AGENT HOME PORT WORKSPACE");
    process.exit(2);
  }
  const { files, ...recipe } = makeHome(agent, resolve(home), port, resolve(workspace));
  console.log(json(recipe).trimEnd());
}
