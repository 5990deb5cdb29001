// Sending work back: what is wrong, in words that the agent hears exactly as they stand.
import { useState } from "react";
import type { Card } from "../../bindings";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { TextArea } from "../../components/Field";
import { Kbd } from "../../components/Kbd";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";

export interface SendBackDialogProps {
  card: Card;
  onDone(): void;
  onClose(): void;
}

export function SendBackDialog({ card, onDone, onClose }: SendBackDialogProps) {
  const [notes, setNotes] = useState("");
  const review = useAction("reviewTask");
  const send = () => {
    if (notes.trim() === "" || review.isPending) return;
    review.mutate({ id: card.id, verdict: "rejected", notes }, { onSuccess: onDone });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Send ${card.key} back`}
      note="The card goes back to Ready, and the agent continues where it stopped."
      width={560}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" disabled={notes.trim() === "" || review.isPending} onClick={send}>
            Send back <Kbd>Ctrl ↵</Kbd>
          </Button>
        </>
      }
    >
      <TextArea
        label="What is wrong"
        hint="The agent hears this word for word in its next attempt."
        rows={7}
        autoFocus
        value={notes}
        onChange={(event) => setNotes(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          send();
        }}
      />
      {review.error && <InlineError problem={review.error} />}
    </Dialog>
  );
}
