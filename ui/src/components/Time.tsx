// Times on the screen: how long something has run, how long ago something was, how soon something will be. They stay
// true while nobody touches the page, and carry the exact time for the machine and as a hint.

import { useEffect, useRef } from "react";
import { everyMinute, everySecond, formatAge, formatElapsed, formatUntil, serverNow } from "./clock";
import { exactTime } from "./formats";

/** Runs while `to` is null; its text alone changes each second. */
export function ElapsedTime({ from, to }: { from: number; to: number | null }) {
  const node = useRef<HTMLTimeElement>(null);
  useEffect(() => {
    if (to !== null) return;
    return everySecond((now) => write(node.current, formatElapsed(now - from)));
  }, [from, to]);
  return (
    <time ref={node} dateTime={new Date(from).toISOString()} className="mono" title={`since ${exactTime(from)}`}>
      {formatElapsed((to ?? serverNow()) - from)}
    </time>
  );
}

/** now, 5 min, 2 h. */
export function RelativeTime({ at }: { at: number }) {
  return <Nearness at={at} words={formatAge} />;
}

/** in 5 min, in 3 h. */
export function TimeUntil({ at }: { at: number }) {
  return <Nearness at={at} words={formatUntil} />;
}

function Nearness({ at, words }: { at: number; words(at: number, now: number): string }) {
  const node = useRef<HTMLTimeElement>(null);
  useEffect(() => everyMinute((now) => write(node.current, words(at, now))), [at, words]);
  return (
    <time ref={node} dateTime={new Date(at).toISOString()} className="mono" title={exactTime(at)}>
      {words(at, serverNow())}
    </time>
  );
}

/** Only what is another text is written: the rest costs no layout. */
function write(node: HTMLElement | null, text: string): void {
  if (node && node.textContent !== text) node.textContent = text;
}
