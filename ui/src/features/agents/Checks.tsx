// The doctor's findings about this machine, each with the next step where something is missing.
import type { Check } from "../../bindings";
import { StatusWord } from "../../components/StatusWord";
import styles from "./Checks.module.css";

export function Checks({ checks }: { checks: Check[] }) {
  return (
    <ul className={styles.checks}>
      {checks.map((check) => (
        <li key={check.name} className={styles.check}>
          <StatusWord tone={check.ok ? "good" : "bad"}>{check.ok ? "ok" : "missing"}</StatusWord>
          <span className={styles.name}>{check.name}</span>
          <span className={styles.found}>
            {check.found}
            {check.fix && <span className={styles.fix}>{check.fix}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
