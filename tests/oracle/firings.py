"""The oracle of schedules: when croniter says that a cron expression fires.

Reads cases as lines of standard input, `MODE<tab>EXPRESSION<tab>ZONE<tab>FROM<tab>UNTIL` (times in seconds since the
epoch), and prints the firings after FROM and not after UNTIL, one a line in seconds, then a line with a dot.

MODE is `rule`: croniter gives the wall-clock times, and this file applies to them, with Python's own zone arithmetic,
the rule for switches to and from daylight saving that `domain::schedule::cron` states. Or it is `croniter`:
whatever croniter itself makes of the zone.
"""

import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from croniter import croniter


def schedule(expression, start):
    """croniter on our dialect: `5#L` is its `L5`, `+` makes both day fields count."""
    minute, hour, day, month, week = expression.split(" ")
    week, both = week.removeprefix("+"), week.startswith("+")
    week = ",".join(f"L{part.removesuffix('#L')}" if part.endswith("#L") else part for part in week.split(","))
    return croniter(" ".join([minute, hour, day, month, week]), start, ret_type=datetime, day_or=not both)


def wall_times(expression, start):
    """The wall-clock times from `start` on, without a zone."""
    if expression.split(" ")[2] == "LW":
        yield from last_weekdays(expression, start)
        return
    times = schedule(expression, start - timedelta(minutes=1))
    while True:
        yield times.get_next()


def last_weekdays(expression, start):
    """croniter has no LW: Monday to Friday, and the next of them is in another month."""
    times = schedule(expression.replace("LW", "*").rsplit(" ", 1)[0] + " 1-5", start - timedelta(minutes=1))
    while True:
        time = times.get_next()
        following = time + timedelta(days={4: 3}.get(time.weekday(), 1))
        if following.month != time.month:
            yield time


def instant(wall, zone, fold):
    return int(wall.replace(tzinfo=zone, fold=fold).timestamp())


def shows(zone, seconds):
    return datetime.fromtimestamp(seconds, zone).replace(tzinfo=None, fold=0)


def moment_after_gap(wall, zone):
    """Where the offset changes, found by halving between two instants on either side."""
    before, after = sorted(instant(wall, zone, fold) for fold in (0, 1))
    offset = datetime.fromtimestamp(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def by_rule(expression, zone, start, end):
    hours = croniter.expand(f"* {expression.split(' ')[1]} * * *")[0][1]
    every_hour = hours == ["*"] or len(hours) == 24
    seen = set()
    # Wide enough for a zone that leaves out a day.
    for wall in wall_times(expression, shows(zone, start) - timedelta(days=2)):
        if wall > shows(zone, end) + timedelta(days=2):
            return sorted(seen)
        both = [instant(wall, zone, fold) for fold in (0, 1)]
        there = [at for at in both if shows(zone, at) == wall]
        if every_hour:
            firings = there
        else:
            firings = there[:1] or [moment_after_gap(wall, zone)]
        seen.update(at for at in firings if start < at <= end)


def by_croniter(expression, zone, start, end):
    times = schedule(expression, datetime.fromtimestamp(start, timezone.utc).astimezone(zone))
    while (at := int(times.get_next().timestamp())) <= end:
        yield at


def main():
    for line in sys.stdin:
        mode, expression, zone, start, end = line.rstrip("\n").split("\t")
        firings = {"rule": by_rule, "croniter": by_croniter}[mode]
        for at in firings(expression, ZoneInfo(zone), int(start), int(end)):
            print(at)
        print(".", flush=True)


main()
