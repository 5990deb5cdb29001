import { expect, test } from "vitest";
import { knownZones, until, wallClock } from "./when";

test("a firing is told on its zone’s wall clock", () => {
  const at = Date.parse("2026-03-29T01:00:00Z");
  expect(wallClock(at, "Europe/Berlin")).toBe("Sun 29 Mar 2026, 03:00");
  expect(wallClock(at, "America/New_York")).toBe("Sat 28 Mar 2026, 21:00");
  expect(wallClock(at, "Europe/Berlin", true)).toBe("Sun 29 Mar 2026, 03:00 GMT+2");
  expect(wallClock(Date.parse("2026-11-21T00:05:00Z"), "UTC")).toBe("Sat 21 Nov 2026, 00:05");
});

test("how long it is until then", () => {
  expect([0, 59_000, 5 * 60_000, 3 * 3_600_000, 47 * 3_600_000, 72 * 3_600_000].map((ms) => until(ms, 0))).toEqual([
    "now",
    "now",
    "in 5 min",
    "in 3 h",
    "in 47 h",
    "in 3 d",
  ]);
});

test("UTC is among the zones, once", () => {
  expect(knownZones().filter((zone) => zone === "UTC")).toEqual(["UTC"]);
});
