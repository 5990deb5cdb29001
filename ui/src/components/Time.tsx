// Times on the screen: how long something has run, and how long ago something was. Both carry the
// exact time for the machine and as a hint.

import { useEffect, useRef } from "react";
import { everySecond, formatAge, formatElapsed, serverNow } from "./clock";
import { exactTime } from "./formats";

/** Runs while `to` is null; its text alone changes each second. */
export function ElapsedTime({ from, to }: { from: number; to: number | null }) {
  const node = useRef<HTMLTimeElement>(null);
  useEffect(() => {
    if (to !== null) return;
    return everySecond((now) => {
      if (node.current) node.current.textContent = formatElapsed(now - from);
    });
  }, [from, to]);
  return (
    <time ref={node} dateTime={new Date(from).toISOString()} className="mono" title={`since ${exactTime(from)}`}>
      {formatElapsed((to ?? serverNow()) - from)}
    </time>
  );
}

export function RelativeTime({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} className="mono" title={exactTime(at)}>
      {formatAge(at, serverNow())}
    </time>
  );
}
