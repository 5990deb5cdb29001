// How the interface is served in development and packed for the window and the web face.
// Everything is bundled: no file is fetched from anywhere but our own origin.
/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const root = new URL(".", import.meta.url).pathname;

/**
 * The window freezes Object.prototype, after which `namespace.toString = …` on a plain object throws, and xterm does
 * exactly that in one place. Defining the property is the same thing said in a way that still works.
 */
function xtermOnFrozenPrototype(): Plugin {
  const ASSIGNMENT = /\b(\w+)\.toString=(\w+);/g;
  return {
    name: "xterm-on-frozen-prototype",
    apply: "build",
    transform(code, id) {
      if (!id.endsWith("@xterm/xterm/lib/xterm.mjs")) return null;
      const found = code.match(ASSIGNMENT)?.length ?? 0;
      if (found !== 1) this.error(`xterm assigns to toString ${found} times, not once: look at this plugin again.`);
      return { code: code.replace(ASSIGNMENT, 'Object.defineProperty($1,"toString",{value:$2});'), map: null };
    },
  };
}

export default defineConfig({
  root,
  base: "/",
  plugins: [react(), xtermOnFrozenPrototype()],
  clearScreen: false,
  server: { host: "127.0.0.1", port: 1420, strictPort: false },
  build: {
    outDir: `${root}dist`,
    emptyOutDir: true,
    // WebKitGTK of Debian 12 and the oldest supported macOS.
    target: ["safari15.4", "chrome105"],
    // A data: font or image would need a looser content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  test: {
    root,
    setupFiles: ["src/test-setup.ts"],
    testTimeout: 30_000,
    css: { modules: { classNameStrategy: "non-scoped" } },
    // A page costs a second a file to build: only what draws gets one.
    projects: [
      { extends: true, test: { name: "rules", environment: "node", include: ["src/**/*.test.ts"] } },
      { extends: true, test: { name: "screens", environment: "jsdom", include: ["src/**/*.test.tsx"] } },
    ],
  },
});
