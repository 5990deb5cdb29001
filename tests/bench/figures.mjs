// Many figures in few words. Both medians and tails are told, because a person notices the tail.

/** The value below which that part of the values lies. */
export function quantile(values, part) {
  if (values.length === 0) throw new Error("nothing was measured");
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)];
}

export function median(values) {
  return quantile(values, 0.5);
}

/** For a handful of repeats: the middle one, and how far the others lie. */
export function spread(values, unit, digits = 0) {
  const [low, middle, high] = [Math.min(...values), median(values), Math.max(...values)].map((v) => v.toFixed(digits));
  return `median ${middle} ${unit} (from ${low} to ${high})`;
}

/** For many single events. */
export function tail(values, unit, digits = 1) {
  const at = (part) => quantile(values, part).toFixed(digits);
  return `p50 ${at(0.5)} ${unit}, p95 ${at(0.95)} ${unit}, longest ${at(1)} ${unit}, ${values.length} of them`;
}

/** `--name value` from the command line, or what is usual. */
export function option(name, usual) {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return usual;
  const given = process.argv[at + 1];
  return typeof usual === "number" ? Number(given) : given;
}
