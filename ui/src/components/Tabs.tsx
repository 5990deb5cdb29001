// A row of tabs; the panel below is the caller's (`tabPanelProps` ties the two together).
import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import { classes } from "./css";
import styles from "./Tabs.module.css";

export interface Tab<T extends string> {
  id: T;
  label: string;
  /** A count or a size, shown small. */
  note?: ReactNode;
}

export interface TabsProps<T extends string> {
  label: string;
  tabs: readonly Tab<T>[];
  current: T;
  onChange(tab: T): void;
  /** The id of the element that shows the current tab. */
  panelId?: string;
}

export function Tabs<T extends string>({ label, tabs, current, onChange, panelId }: TabsProps<T>) {
  const row = useRef<HTMLDivElement>(null);
  const own = useId();
  const step = (by: number) => {
    const at = tabs.findIndex((tab) => tab.id === current);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (!next) return;
    onChange(next.id);
    row.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight") step(1);
    else if (event.key === "ArrowLeft") step(-1);
    else return;
    event.preventDefault();
  };
  return (
    <div ref={row} role="tablist" aria-label={label} className={styles.tabs} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={`${own}-${tab.id}`}
          data-tab={tab.id}
          aria-selected={tab.id === current}
          aria-controls={tab.id === current ? panelId : undefined}
          tabIndex={tab.id === current ? 0 : -1}
          className={classes(styles.tab, tab.id === current && styles.current)}
          onClick={() => onChange(tab.id)}
        >
          {tab.label}
          {tab.note !== undefined && <span className={styles.note}>{tab.note}</span>}
        </button>
      ))}
    </div>
  );
}
