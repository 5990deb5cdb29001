// What broke, read off each runner's own output: the names of failed tests and the first lines of what each said.
// Whoever sees only the end of a log shall still know what to look at, and a second try needs the names.

// How many lines of a failure are kept, and how many of the end of a program that failed without naming a test.
const KEPT = 15;

/**
 * How a runner tells of failures: `begins` opens one and names it, `ends` closes it, `drop` is left out. After `from`
 * failures are listed (without it, everywhere). `retried` heads a list of tests that failed and passed on retry, which
 * the runner tells of among the failures as well; `listed` is one of them.
 */
const RUNNERS = {
  cargo: {
    begins: /^(---- (?<test>.+) stdout ----|(?<error>error(\[\w+\])?: .+))$/,
    ends: /^(failures:|test result: .*)$/,
    drop: /^(note: run with|error: (test failed, to rerun|\d+ targets? failed|could not compile|aborting due))/,
  },
  vitest: { begins: /^\s*FAIL\s+(?<test>.+)$/, ends: /^⎯+/ },
  playwright: {
    begins: /^\s+\d+\) (?<test>.+?) ─*$/,
    ends: /^\s+(Retry #\d+ ─+|\d+ (failed|flaky|passed|skipped|interrupted|did not run)\b.*)$/,
    retried: /^\s+\d+ flaky$/,
    listed: /^ {4}(?<test>\S.*?) ─*$/,
  },
  node: {
    from: /^✖ failing tests:$/,
    begins: /^✖ (?<test>.+?)( \([\d.]+ms\))?$/,
    ends: /^test at /,
    drop: /^\s+at .*node:(internal|async_hooks)/,
  },
};

/**
 * Takes a runner's lines one by one (`runner` undefined: a program that has no tests). `failures()` gives
 * [{ name, lines }], `retried()` the names of tests that passed on a retry, `end()` the last lines whatever they were.
 */
export function newReader(runner) {
  const rules = RUNNERS[runner];
  const state = { listing: rules?.from === undefined, retried: undefined, open: undefined, found: [], last: [] };
  return {
    read(line) {
      keepLast(state.last, line);
      if (rules) follow(rules, state, line);
    },
    failures: () => worthTelling(state),
    retried: () => state.retried ?? [],
    end: () => state.last,
  };
}

// What looks like a compiler's error beside failed tests was some test's output.
function worthTelling({ found, retried = [] }) {
  const tests = found.filter(({ test }) => test);
  return (tests.length > 0 ? tests : found).filter(({ name }) => !retried.includes(name));
}

function keepLast(last, line) {
  if (line.trim() === "") return;
  last.push(line);
  if (last.length > KEPT) last.shift();
}

function follow(rules, state, line) {
  if (!state.listing) {
    state.listing = rules.from.test(line);
    return;
  }
  if (rules.drop?.test(line)) return;
  if (rules.retried?.test(line)) {
    state.retried = [];
    state.open = undefined;
  } else if (rules.ends.test(line)) state.open = undefined;
  else if (state.retried && rules.listed.test(line)) state.retried.push(rules.listed.exec(line).groups.test);
  else if (begins(rules, state, line)) open(state, rules.begins.exec(line).groups);
  else if (state.open && state.open.lines.length < KEPT && line.trim() !== "") state.open.lines.push(line);
}

// What a failed test printed may look like a compiler's error.
function begins(rules, state, line) {
  const groups = rules.begins.exec(line)?.groups;
  return groups !== undefined && (groups.test !== undefined || state.open?.test !== true);
}

function open(state, { test, error }) {
  state.open = { name: (test ?? error).trim(), test: test !== undefined, lines: [] };
  state.found.push(state.open);
}

/**
 * The end of the log: every failure with as much of its message as fits, then, when they are many, their names once
 * more, so that the last lines hold them all. `parts` are [{ title, failures }]; `most` lines at the most.
 */
export function tell(parts, most = 60) {
  const all = parts.flatMap(({ title, failures }) => failures.map((failure) => ({ title, ...failure })));
  if (all.length === 0) return [];
  const names = all.map(({ title, name }) => `✖ ${title}: ${name}`);
  if (names.length === 1) return [names[0], ...indented(all[0].lines, KEPT)];
  const listed =
    names.length > most / 2 ? [...names.slice(0, most / 2), `… and ${names.length - most / 2} more`] : names;
  const room = Math.floor((most - listed.length - 1) / all.length) - 1;
  const told = room < 1 ? [] : all.flatMap(({ lines }, i) => [names[i], ...indented(lines, Math.min(room, KEPT))]);
  return [...told, `Failed (${names.length}):`, ...listed];
}

function indented(lines, most) {
  return lines.slice(0, most).map((line) => `    ${line.trim()}`.slice(0, 200));
}
