// What a day may cost, and the prices from which the cost is estimated where an agent does not tell it.
import { type FormEvent, useState } from "react";
import type { Budget, QueuePolicy } from "../../bindings";
import { Button, IconButton } from "../../components/Button";
import { TextField } from "../../components/Field";
import { CloseIcon, PlusIcon } from "../../components/icons";
import { InlineError } from "../../components/States";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { BudgetEditor } from "./BudgetEditor";
import { focusWrong } from "./focusWrong";
import styles from "./Money.module.css";
import {
  mapParts,
  PRICE_PARTS,
  type PriceDraft,
  type PricePart,
  priceDrafts,
  priceError,
  priceNameError,
  pricesOf,
} from "./money";

const PART_NAMES: Record<PricePart, string> = {
  input: "In",
  output: "Out",
  cache_read: "From cache",
  cache_write: "To cache",
};

export function MoneyForm({ policy }: { policy: QueuePolicy }) {
  const [daily, setDaily] = useState<Budget | null>(policy.daily ?? {});
  const [prices, setPrices] = useState(() => priceDrafts(policy.prices ?? {}));
  const [tried, setTried] = useState(false);
  const put = useAction("putQueuePolicy");
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    const table = pricesOf(prices);
    if (daily === null || table === null) return focusWrong(event.currentTarget);
    put.mutate(
      { ...policy, daily, prices: table },
      { onSuccess: () => toast({ text: "The day’s budget and the prices are saved." }) },
    );
  };
  return (
    <form className={styles.form} onSubmit={save} aria-label="Money">
      <BudgetEditor
        label="All runs of a day"
        hint="From midnight on this machine’s clock. Figures that an agent does not tell are estimated from the prices below."
        budget={policy.daily ?? {}}
        onChange={setDaily}
      />
      <PriceTable prices={prices} tried={tried} onChange={setPrices} />
      {put.error && <InlineError problem={put.error} />}
      <div className={styles.foot}>
        <Button type="submit" look="primary" disabled={put.isPending}>
          Save money rules
        </Button>
      </div>
    </form>
  );
}

interface PriceTableProps {
  prices: PriceDraft[];
  /** Empty names are wrong from then on. */
  tried: boolean;
  onChange(prices: PriceDraft[]): void;
}

function PriceTable({ prices, tried, onChange }: PriceTableProps) {
  const put = (at: number, price: PriceDraft) => onChange(prices.map((old, place) => (place === at ? price : old)));
  const nameError = (at: number) => {
    const empty = prices[at]?.name.trim() === "";
    return empty && !tried ? null : priceNameError(prices, at);
  };
  return (
    <fieldset className={styles.box}>
      <legend className={styles.legend}>Prices, in US dollars for a million tokens</legend>
      {prices.length === 0 && (
        <p className={styles.none}>None: what an agent does not tell of its cost counts as nothing.</p>
      )}
      {prices.map((price, at) => (
        <div key={at} className={styles.row}>
          <div className={styles.priced}>
            <TextField
              label="Model or agent"
              aria-label={`Model or agent ${at + 1}`}
              mono
              placeholder="gpt-5-codex"
              value={price.name}
              error={nameError(at)}
              onChange={(event) => put(at, { ...price, name: event.target.value })}
            />
            {PRICE_PARTS.map((part) => (
              <TextField
                key={part}
                label={PART_NAMES[part]}
                aria-label={`${PART_NAMES[part]}, price ${at + 1}`}
                inputMode="decimal"
                placeholder="0"
                value={price.parts[part]}
                error={priceError(price.parts[part])}
                onChange={(event) => put(at, { ...price, parts: { ...price.parts, [part]: event.target.value } })}
              />
            ))}
          </div>
          <IconButton
            size="small"
            label={`Remove price ${at + 1}`}
            onClick={() => onChange(prices.filter((_, place) => place !== at))}
          >
            <CloseIcon />
          </IconButton>
        </div>
      ))}
      <Button
        size="small"
        className={styles.addLine}
        onClick={() => onChange([...prices, { name: "", parts: mapParts(() => "") }])}
      >
        <PlusIcon /> Price
      </Button>
      <p className={styles.hint}>A model’s price counts before its agent’s. What is estimated is marked “about”.</p>
    </fieldset>
  );
}
