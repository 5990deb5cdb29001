// How much is in the air, and the switch that keeps anything more from starting by itself.
import type { QueuePolicy } from "../../bindings";
import { IconButton } from "../../components/Button";
import { PauseIcon, PlayIcon } from "../../components/icons";
import { StatusWord } from "../../components/StatusWord";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import styles from "./Queue.module.css";
import { flightWords } from "./words";

export interface QueueSwitchProps {
  policy: QueuePolicy;
  inFlight: number;
}

export function QueueSwitch({ policy, inFlight }: QueueSwitchProps) {
  const { toggle, busy } = usePause(policy);
  const paused = policy.paused === true;
  return (
    <div className={styles.switch} data-testid="queue-switch">
      <span className={styles.flight}>{flightWords(inFlight, policy)}</span>
      {paused && <StatusWord tone="held">paused</StatusWord>}
      <IconButton
        size="small"
        label={paused ? "Resume the queue" : "Pause the queue: nothing starts by itself"}
        disabled={busy}
        onClick={toggle}
      >
        {paused ? <PlayIcon /> : <PauseIcon />}
      </IconButton>
    </div>
  );
}

/** The rest of the policy stays as it is. */
export function usePause(policy: QueuePolicy | undefined): { toggle(): void; busy: boolean } {
  const put = useAction("putQueuePolicy");
  const toggle = () =>
    policy &&
    put.mutate(
      { ...policy, paused: !policy.paused },
      {
        onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }),
        onSuccess: ({ paused }) =>
          toast({ text: paused ? "The queue is paused. Runs go on; nothing new starts." : "The queue goes on." }),
      },
    );
  return { toggle, busy: put.isPending };
}
