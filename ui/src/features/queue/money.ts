// Amounts between what people type (dollars, minutes, per cent) and what the engine keeps (millionths of a
// dollar, milliseconds, shares of one). Refusals say what the engine itself would say. Pure.
import type { AtLimit, Budget, Price } from "../../bindings";

/** The engine's own sentences; a test compares them with its source. */
export const SENTENCES = {
  negativeBudget: "a budget cannot be negative",
  share: "the warning share is between 0 and 1 (100 %)",
  negativePrice: "a price cannot be negative",
  tooMany: "at most 20 names can be listed",
  priceName: "a price needs the name of a model or an agent, of 1 to 100 characters",
  modelName: "a model's name is one line of at most 100 characters",
} as const;

export const NO_NUMBER = "A number, or nothing.";
export const NO_WHOLE_NUMBER = "A whole number, or nothing.";

const MICROS = 1_000_000;
const MINUTE = 60_000;
/** Beyond it a number is no longer exact. */
const MOST = Number.MAX_SAFE_INTEGER;
/** The engine's own, where nothing was set. */
const WARN_AT = 0.8;

/** A typed amount: nothing, a number, or why it is none. */
export type Typed = { value: number | null } | { error: string };

export function isWrong(typed: Typed): typed is { error: string } {
  return "error" in typed;
}

function amount(text: string, factor: number, whole: boolean, negative: string): Typed {
  const plain = text.trim().replace(/^\$/, "");
  if (plain === "") return { value: null };
  const shape = whole ? /^-?\d+$/ : /^-?(\d+\.?\d*|\.\d+)$/;
  const value = Math.round(Number(plain) * factor);
  if (!shape.test(plain) || Math.abs(value) > MOST) return { error: whole ? NO_WHOLE_NUMBER : NO_NUMBER };
  return value < 0 ? { error: negative } : { value };
}

export function dollars(text: string, negative: string = SENTENCES.negativeBudget): Typed {
  return amount(text, MICROS, false, negative);
}

/** Millionths as people type them; nothing for none. */
export function dollarText(micros: number | null | undefined): string {
  return micros == null ? "" : String(micros / MICROS);
}

// ---------------------------------------------------------------- budgets

export interface BudgetDraft {
  money: string;
  tokens: string;
  minutes: string;
  /** Per cent. */
  warn: string;
  atLimit: AtLimit;
}

export function draftOf(budget: Budget): BudgetDraft {
  return {
    money: dollarText(budget.micros),
    tokens: budget.tokens == null ? "" : String(budget.tokens),
    minutes: budget.wall == null ? "" : String(budget.wall / MINUTE),
    warn: String(Number(((budget.warn_at ?? WARN_AT) * 100).toFixed(2))),
    atLimit: budget.at_limit ?? "stop",
  };
}

export type BudgetErrors = Partial<Record<"money" | "tokens" | "minutes" | "warn", string>>;

/** The budget that was typed, or what is wrong with it. */
export function budgetOf(draft: BudgetDraft): { budget: Budget } | { errors: BudgetErrors } {
  const typed = {
    money: dollars(draft.money),
    tokens: amount(draft.tokens, 1, true, SENTENCES.negativeBudget),
    minutes: amount(draft.minutes, MINUTE, false, SENTENCES.negativeBudget),
    warn: shareOf(draft.warn),
  };
  const errors: BudgetErrors = {};
  for (const [name, part] of Object.entries(typed)) {
    if (isWrong(part)) errors[name as keyof BudgetErrors] = part.error;
  }
  if (Object.keys(errors).length > 0) return { errors };
  const value = (part: Typed) => (isWrong(part) ? null : part.value);
  return {
    budget: {
      micros: value(typed.money),
      tokens: value(typed.tokens),
      wall: value(typed.minutes),
      warn_at: value(typed.warn) ?? WARN_AT,
      at_limit: draft.atLimit,
    },
  };
}

function shareOf(text: string): Typed {
  const plain = text.trim().replace(/\s*%$/, "");
  if (plain === "") return { value: null };
  const value = Number(plain);
  if (Number.isNaN(value)) return { error: NO_NUMBER };
  return value >= 0 && value <= 100 ? { value: value / 100 } : { error: SENTENCES.share };
}

// ---------------------------------------------------------------- prices

export const PRICE_PARTS = ["input", "output", "cache_read", "cache_write"] as const;
export type PricePart = (typeof PRICE_PARTS)[number];

export interface PriceDraft {
  /** Of a model, else of an agent. */
  name: string;
  parts: Record<PricePart, string>;
}

export function priceDrafts(prices: Readonly<Record<string, Price | undefined>>): PriceDraft[] {
  return Object.entries(prices).flatMap(([name, price]) =>
    price ? [{ name, parts: mapParts((part) => dollarText(price[part] ?? 0)) }] : [],
  );
}

export function mapParts<T>(each: (part: PricePart) => T): Record<PricePart, T> {
  return {
    input: each("input"),
    output: each("output"),
    cache_read: each("cache_read"),
    cache_write: each("cache_write"),
  };
}

const LONGEST_NAME = 100;

/** What is wrong with a name in the table; null if nothing. */
export function priceNameError(drafts: readonly PriceDraft[], at: number): string | null {
  const name = drafts[at]?.name.trim() ?? "";
  if (name === "" || [...name].length > LONGEST_NAME) return SENTENCES.priceName;
  return drafts.some((other, place) => place < at && other.name.trim() === name)
    ? `“${name}” has a price already.`
    : null;
}

export function priceError(text: string): string | null {
  const typed = dollars(text, SENTENCES.negativePrice);
  return isWrong(typed) ? typed.error : null;
}

/** The table that was typed; null where something in it is wrong. */
export function pricesOf(drafts: readonly PriceDraft[]): Record<string, Price> | null {
  const prices: Record<string, Price> = {};
  for (const [at, { name, parts }] of drafts.entries()) {
    if (priceNameError(drafts, at) || PRICE_PARTS.some((part) => priceError(parts[part]))) return null;
    prices[name.trim()] = mapParts((part) => {
      const typed = dollars(parts[part]);
      return isWrong(typed) ? 0 : (typed.value ?? 0);
    });
  }
  return prices;
}

// ---------------------------------------------------------------- models

export function modelError(text: string): string | null {
  const bad = [...text.trim()].length > LONGEST_NAME || /\p{Cc}/u.test(text);
  return bad ? SENTENCES.modelName : null;
}
