// A screen and a session bus for the real window where nobody sits: tests and benchmarks leave the developer's own
// alone, and run on a server without any.

import { findCommand } from "./system.mjs";

// Desktop services that the bus would start on demand have no part in a test, and would outlive it.
export const DISPLAY_ENV = {
  NO_AT_BRIDGE: "1",
  GSETTINGS_BACKEND: "memory",
  GIO_USE_VFS: "local",
  LIBGL_ALWAYS_SOFTWARE: "1",
};

/** The command, inside both. */
export function inVirtualDisplay(argv) {
  const xvfb = findCommand("xvfb-run");
  const screen = ["-a", "-s", "-screen 0 1440x900x24 -nolisten tcp"];
  return ["dbus-run-session", "--config-file=tests/desktop/bus.conf", "--", xvfb, ...screen, ...argv];
}
