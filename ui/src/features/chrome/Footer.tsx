// The line at the foot: how much is in the air, whether the engine answers, when it last wrote.

import type { Connection } from "../../backend/backend";
import type { Overview } from "../../bindings";
import { clockTime } from "../../components/formats";
import styles from "./Footer.module.css";

export interface FooterProps {
  overview: Overview | undefined;
  inFlight: number;
  /** Cards in Ready, which no agent works on yet. */
  ready: number;
  connection: Connection;
  onShortcuts(): void;
}

export function Footer({ overview, inFlight, ready, connection, onShortcuts }: FooterProps) {
  return (
    <footer className={styles.footer}>
      <span>
        <b>{inFlight}</b> in flight
      </span>
      <span title="Cards in Ready, which no agent works on yet">
        <b>{ready}</b> ready
      </span>
      {overview?.problem && (
        <span role="alert" className={styles.bad}>
          {overview.problem}
        </span>
      )}
      <button type="button" className={styles.keys} onClick={onShortcuts}>
        <b>?</b> keys
      </button>
      <span>
        engine <b className={connection === "connected" ? undefined : styles.bad}>{ENGINE[connection]}</b>
      </span>
      {overview?.saved_at != null && (
        <span>
          saved <b>{clockTime(overview.saved_at)}</b>
        </span>
      )}
    </footer>
  );
}

const ENGINE: Record<Connection, string> = { connected: "ok", connecting: "connecting…", ended: "gone" };
