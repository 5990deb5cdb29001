import { expect, test, vi } from "vitest";
import { clockTime, dayAndMonth, exactTime, grouped, shortDate, weekday } from "./formats";

const AT = new Date(2026, 11, 3, 14, 5, 9).getTime();

test("dates and numbers read as the language writes them", () => {
  expect(exactTime(AT)).toBe(new Date(AT).toLocaleString());
  expect(clockTime(AT)).toBe(new Date(AT).toLocaleTimeString("en-GB"));
  expect(shortDate(AT)).toMatch(/2026/);
  expect(weekday(AT)).toBe("Thu");
  expect(dayAndMonth(AT)).toBe("3 Dec");
  expect(grouped(12_345)).toBe("12,345");
});

test("a thousand times need no new format", () => {
  const made = vi.spyOn(Intl, "DateTimeFormat");
  for (let i = 0; i < 1000; i += 1) exactTime(AT + i);
  expect(made).not.toHaveBeenCalled();
  made.mockRestore();
});
