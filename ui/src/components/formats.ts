// Dates and numbers in words, each by one format that is made when it is first wanted and kept. `toLocaleString` and
// its kin make a new one at every call, and WebKit keeps each (58 KB that its garbage collector does not count) until
// the next collection: a board scrolled for a few seconds held 20 MB of them. A house test refuses them elsewhere.

type Words<T> = (value: T) => string;

/** To the second, as the person's system writes it. Milliseconds since the epoch, as below. */
export const exactTime = date(undefined, {
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
});
/** 3 Dec 2026, in the order of the person's system. */
export const shortDate = date(undefined, { day: "numeric", month: "short", year: "numeric" });
/** Fri. */
export const weekday = date("en-GB", { weekday: "short" });
/** 3 Dec. */
export const dayAndMonth = date("en-GB", { day: "numeric", month: "short" });
/** 14:05:09. */
export const clockTime = date("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** 12,345. */
export const grouped: Words<number> = lazily(() => new Intl.NumberFormat("en"));

function date(locale: string | undefined, options: Intl.DateTimeFormatOptions): Words<number> {
  return lazily(() => new Intl.DateTimeFormat(locale, options));
}

function lazily<T>(make: () => { format(value: T): string }): Words<T> {
  let made: ReturnType<typeof make> | undefined;
  return (value) => {
    made ??= make();
    return made.format(value);
  };
}
