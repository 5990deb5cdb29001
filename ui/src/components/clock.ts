// One clock for the whole window. It ticks once a second only while something on the screen runs, and once a minute
// while an age stands there, and then writes text straight into the nodes that asked: no component is drawn again.
import { shortDate } from "./formats";

type Tick = (now: number) => void;

let ahead = 0;

/**
 * Two clocks compared: what the server's said, in ms, between the moments of ours at which it was asked and at which
 * the answer was here. It is taken to have said so halfway, so the error is at most half of the way there and back.
 */
export function compareClocks(server: number, asked: number, answered: number): void {
  ahead = server - (asked + answered) / 2;
}

/** The server's time at this moment; its clock may differ from ours. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** Calls back now and once a second until stopped. */
export const everySecond = ticker(1_000);

/** Calls back now and once a minute until stopped. */
export const everyMinute = ticker(60_000);

/** All who ask for the same pace share one timer, and it lives only as long as somebody asks. */
function ticker(period: number): (tick: Tick) => () => void {
  const ticking = new Set<Tick>();
  let timer: ReturnType<typeof setInterval> | undefined;
  const tickAll = () => {
    const now = serverNow();
    for (const tick of ticking) tick(now);
  };
  return (tick) => {
    ticking.add(tick);
    tick(serverNow());
    timer ??= setInterval(tickAll, period);
    return () => {
      ticking.delete(tick);
      if (ticking.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 0:07, 12:04, 3:05:09. */
export function formatElapsed(ms: number): string {
  const total = Math.max(0, Math.floor(ms / SECOND));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = String(total % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** now, 5 min, 2 h, 1 d, 3 w; then the date. */
export function formatAge(at: number, now: number): string {
  const age = Math.max(0, now - at);
  if (age < MINUTE) return "now";
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h`;
  if (age < 7 * DAY) return `${Math.floor(age / DAY)} d`;
  if (age < 60 * DAY) return `${Math.floor(age / (7 * DAY))} w`;
  return shortDate(at);
}

/** in 5 min, in 3 h, in 2 d; now within a minute. */
export function formatUntil(at: number, now: number): string {
  const left = at - now;
  if (left < MINUTE) return "now";
  if (left < HOUR) return `in ${Math.round(left / MINUTE)} min`;
  if (left < 2 * DAY) return `in ${Math.round(left / HOUR)} h`;
  return `in ${Math.round(left / DAY)} d`;
}
