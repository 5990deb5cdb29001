// A due date in a word: today, Fri, 3 Dec, and whether it has passed. Pure.
import { dayAndMonth, weekday } from "../../components/formats";

const DAY = 86_400_000;

export function dueWord(at: number, now: number): { text: string; late: boolean } {
  const days = Math.round((startOfDay(at) - startOfDay(now)) / DAY);
  const late = days < 0;
  if (late) return { text: days === -1 ? "due yesterday" : `${-days} d late`, late };
  if (days === 0) return { text: "due today", late };
  if (days === 1) return { text: "due tomorrow", late };
  return { text: `due ${days < 7 ? weekday(at) : dayAndMonth(at)}`, late };
}

function startOfDay(at: number): number {
  const day = new Date(at);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}
