// The settings are three pages with one head: preferences, keys, webhooks.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "./Page";
import styles from "./SettingsPage.module.css";

const PAGES = [
  { to: "/settings", label: "Preferences" },
  { to: "/settings/keys", label: "Keys" },
  { to: "/settings/webhooks", label: "Webhooks" },
] as const;

export interface SettingsPageProps {
  note?: string;
  children: ReactNode;
}

export function SettingsPage({ note, children }: SettingsPageProps) {
  return (
    <Page title="Settings">
      <nav aria-label="Settings" className={styles.pages}>
        {PAGES.map(({ to, label }) => (
          <Link key={to} to={to} className={styles.page} activeOptions={{ exact: true }}>
            {label}
          </Link>
        ))}
      </nav>
      {note && <p className={styles.note}>{note}</p>}
      {children}
    </Page>
  );
}
