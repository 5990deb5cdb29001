// What a webhook was sent: each message with its state, the newest attempt, and its body on request.
import { useState } from "react";
import type { Delivery, Webhook } from "../../bindings";
import { Button } from "../../components/Button";
import { serverNow } from "../../components/clock";
import { ErrorState, Skeleton } from "../../components/States";
import { StatusWord } from "../../components/StatusWord";
import { RelativeTime } from "../../components/Time";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { useDeliveries } from "../../data/queries";
import styles from "./Webhooks.module.css";
import { attemptWords, laidOut, sentAs } from "./words";

const AT_FIRST = 20;

export function Deliveries({ webhook }: { webhook: Webhook }) {
  const sent = useDeliveries(webhook.id);
  const [most, setMost] = useState(AT_FIRST);
  if (sent.isError) return <ErrorState problem={sent.error} onRetry={() => void sent.refetch()} />;
  if (!sent.data) return <Skeleton lines={3} height={24} label="Reading the log" />;
  if (sent.data.length === 0) {
    return <p className={styles.nothing}>Nothing was sent yet. It hears of what happens from now on.</p>;
  }
  return (
    <>
      <ul className={styles.log} aria-label={`Messages to ${webhook.name}`}>
        {sent.data.slice(0, most).map((delivery) => (
          <Message key={delivery.id} delivery={delivery} />
        ))}
      </ul>
      {sent.data.length > most && (
        <Button size="small" onClick={() => setMost(most + AT_FIRST)}>
          Show more ({sent.data.length - most})
        </Button>
      )}
    </>
  );
}

function Message({ delivery }: { delivery: Delivery }) {
  const [open, setOpen] = useState(false);
  const again = useAction("resendDelivery");
  const state = sentAs(delivery, serverNow());
  const attempt = attemptWords(delivery);
  const resend = () =>
    again.mutate(
      { id: delivery.id },
      { onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }) },
    );
  return (
    <li className={styles.message}>
      <button type="button" className={styles.event} aria-expanded={open} onClick={() => setOpen(!open)}>
        {delivery.event}
      </button>
      <span className={styles.state}>
        <StatusWord tone={state.tone}>{state.word}</StatusWord>
      </span>
      <span className={styles.attempt}>{attempt}</span>
      <span className={styles.age}>
        <RelativeTime at={delivery.created_at} />
      </span>
      <span className={styles.again}>
        {delivery.state !== "waiting" && (
          <Button size="small" disabled={again.isPending} onClick={resend}>
            Send again<span className="unseen"> {delivery.message}</span>
          </Button>
        )}
      </span>
      {(delivery.trouble ?? state.why) && (
        <p className={styles.trouble}>{[delivery.trouble, state.why].filter(Boolean).join("; ")}</p>
      )}
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is reached by the keyboard
        <section className={styles.payload} tabIndex={0} aria-label={`The body of ${delivery.message}`}>
          {laidOut(delivery.payload)}
        </section>
      )}
    </li>
  );
}
