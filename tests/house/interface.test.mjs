// The interface imports one way: bindings <- backend <- data <- features <- views, and no feature knows another.
// Only backend/tauri.ts knows that there is Tauri, and only styles/tokens.css knows raw colours. The reading is by
// import statements, which is all that these rules need.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../src-tauri/setup/say.mjs";

const SOURCE = join(ROOT, "ui/src");

// What each room may use. Styles and the files beside main.tsx (its own wiring) may be used and may use freely.
const MAY_USE = {
  bindings: [],
  backend: ["bindings"],
  data: ["bindings", "backend"],
  components: [],
  features: ["bindings", "backend", "data", "components"],
  views: ["bindings", "backend", "data", "components", "features"],
};

const IMPORT = /(?:^|[\s;])(?:import|export)\s[^"';]*?from\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;

function wrongImports(file, text) {
  const room = roomOf(file);
  const wrong = [];
  for (const [, named, bare] of text.matchAll(IMPORT)) {
    const wanted = named ?? bare;
    if (wanted.startsWith("@tauri-apps/") && !mayKnowTauri(file))
      wrong.push(`${file} imports ${wanted}: only backend/tauri.ts may`);
    const target = inside(file, wanted);
    if (target === undefined || room === undefined) continue;
    const other = roomOf(target);
    if (other === undefined) continue;
    if (other !== room && !MAY_USE[room].includes(other))
      wrong.push(`${file}: ${room} must not use ${other} (${wanted})`);
    if (room === "features" && other === "features" && feature(file) !== feature(target)) {
      wrong.push(`${file}: one feature must not import another (${wanted})`);
    }
  }
  return wrong;
}

// bindings.ts is generated and speaks to Tauri by its nature; nobody but backend/tauri.ts uses its calls.
function mayKnowTauri(file) {
  return file === "backend/tauri.ts" || file === "bindings.ts" || /^backend\/tauri\.test\.tsx?$/.test(file);
}

function inside(file, wanted) {
  if (wanted.startsWith(".")) return relative("/", resolve("/", dirname(file), wanted));
  if (wanted.startsWith("@/")) return wanted.slice(2);
  return undefined;
}

function roomOf(file) {
  const first = file.split("/")[0].replace(/\.tsx?$/, "");
  return first in MAY_USE ? first : undefined;
}

function feature(file) {
  return file.split("/")[1];
}

test("the interface's rooms import in one direction", () => {
  assert.deepEqual(
    sources(/\.tsx?$/).flatMap(({ file, text }) => wrongImports(file, text)),
    [],
  );
});

test("imports in the wrong direction are caught", () => {
  assert.match(wrongImports("backend/http.ts", 'import { x } from "../data/queries";')[0], /backend must not use data/);
  assert.match(wrongImports("features/board/A.tsx", 'import { B } from "../task/B";')[0], /must not import another/);
  assert.match(
    wrongImports("features/board/A.tsx", 'import { B } from "@/views/B";')[0],
    /features must not use views/,
  );
  assert.match(
    wrongImports("components/Button.tsx", 'export * from "../features/board/A";')[0],
    /components must not use/,
  );
  assert.match(
    wrongImports("data/q.ts", 'const t = await import("@tauri-apps/api/core");')[0],
    /only backend\/tauri.ts/,
  );
  assert.deepEqual(wrongImports("features/board/A.tsx", 'import { B } from "./B";\nimport "../../styles/x.css";'), []);
  assert.deepEqual(wrongImports("backend/tauri.ts", 'import { invoke } from "@tauri-apps/api/core";'), []);
});

const RAW_COLOUR = /#[0-9a-f]{3,8}\b(?![^{}]*\{)|\b(?:rgb|hsl|oklch|oklab|lab|lch)a?\([^v)]/gi;

function rawColours(file, css) {
  if (file === "styles/tokens.css") return [];
  const found = css.replace(/\/\*[\s\S]*?\*\//g, "").match(RAW_COLOUR) ?? [];
  return found.map((colour) => `${file} has the raw colour ${colour}: give it a name in styles/tokens.css`);
}

test("raw colours live in tokens.css alone", () => {
  assert.deepEqual(
    sources(/\.css$/).flatMap(({ file, text }) => rawColours(file, text)),
    [],
  );
});

test("a raw colour elsewhere is caught, an id selector and a token are not", () => {
  assert.equal(rawColours("features/a.module.css", ".a { color: #fff; }").length, 1);
  assert.equal(rawColours("features/a.module.css", ".a { color: rgb(1 2 3); }").length, 1);
  assert.deepEqual(rawColours("a.css", "#add { color: var(--ink); } /* #fff */"), []);
  assert.deepEqual(rawColours("styles/tokens.css", ":root { --ink: #111; }"), []);
});

const FORMAT_AT_EACH_CALL = /\.toLocale(?:Date|Time)?String\(/;

function costlyFormats(file, text) {
  if (/\.test\.tsx?$/.test(file) || !FORMAT_AT_EACH_CALL.test(text)) return [];
  return [`${file} makes a format at each call: use components/formats.ts`];
}

test("dates and numbers are written by formats that are kept", () => {
  const code = (text) => text.replace(/^\s*\/\/.*$/gm, "");
  assert.deepEqual(
    sources(/\.tsx?$/).flatMap(({ file, text }) => costlyFormats(file, code(text))),
    [],
  );
});

test("a format made at each call is caught", () => {
  assert.equal(costlyFormats("features/a.tsx", "new Date(at).toLocaleString()").length, 1);
  assert.equal(costlyFormats("features/a.tsx", 'total.toLocaleDateString("en")').length, 1);
  assert.deepEqual(costlyFormats("features/a.tsx", "exactTime(at)"), []);
});

function sources(pattern, folder = SOURCE) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(pattern, path);
    if (!pattern.test(name)) return [];
    return [{ file: relative(SOURCE, path).split(sep).join("/"), text: readFileSync(path, "utf8") }];
  });
}
