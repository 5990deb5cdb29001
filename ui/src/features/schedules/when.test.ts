import { expect, test } from "vitest";
import { knownZones, wallClock } from "./when";

test("a firing is told on its zone’s wall clock", () => {
  const at = Date.parse("2026-03-29T01:00:00Z");
  expect(wallClock(at, "Europe/Berlin")).toBe("Sun 29 Mar 2026, 03:00");
  expect(wallClock(at, "America/New_York")).toBe("Sat 28 Mar 2026, 21:00");
  expect(wallClock(at, "Europe/Berlin", true)).toBe("Sun 29 Mar 2026, 03:00 GMT+2");
  expect(wallClock(Date.parse("2026-11-21T00:05:00Z"), "UTC")).toBe("Sat 21 Nov 2026, 00:05");
});

test("UTC is among the zones, once", () => {
  expect(knownZones().filter((zone) => zone === "UTC")).toEqual(["UTC"]);
});
