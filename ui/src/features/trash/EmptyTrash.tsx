// Empties the trash, after saying what goes with it.
import { useState } from "react";
import type { Card } from "../../bindings";
import { Button } from "../../components/Button";
import { ConfirmDialog } from "../../components/Dialog";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { emptyingNote } from "./words";

export function EmptyTrash({ cards }: { cards: Card[] }) {
  const [asking, setAsking] = useState(false);
  const empty = useAction("emptyTrash");
  const go = () => {
    setAsking(false);
    empty.mutate(
      {},
      {
        onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }),
        onSuccess: ({ kept: [first, ...more] }) => {
          if (!first) return;
          const which = more.length === 0 ? `${first.key} stays` : `${first.key} and ${more.length} more stay`;
          toast({ text: `${which}: ${first.why.message}`, next: first.why.next, tone: "bad" });
        },
      },
    );
  };
  const many = cards.length === 1 ? "1 card" : `${cards.length} cards`;
  return (
    <div>
      <Button disabled={empty.isPending} onClick={() => setAsking(true)}>
        {empty.isPending ? "Emptying the trash…" : `Empty trash (${cards.length})`}
      </Button>
      <ConfirmDialog
        open={asking}
        title={`Delete ${many} for ever?`}
        note={emptyingNote(cards)}
        confirm={`Delete ${many}`}
        danger
        onConfirm={go}
        onClose={() => setAsking(false)}
      />
    </div>
  );
}
