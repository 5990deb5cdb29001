// The settings are four pages with one head: preferences, keys, webhooks, and what goes in and out.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "./Page";
import styles from "./SettingsPage.module.css";

const PAGES = [
  { to: "/settings", label: "Preferences" },
  { to: "/settings/keys", label: "Keys" },
  { to: "/settings/webhooks", label: "Webhooks" },
  { to: "/settings/exchange", label: "Import and export" },
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
