// Menus from plain lists of items, opened by a button (Menu) or by the right mouse button and the
// menu key (ContextMenu). Both show the same items in the same look.
import { ContextMenu as RadixContext, DropdownMenu as RadixMenu } from "radix-ui";
import type { ReactNode } from "react";
import { classes } from "./css";
import { Kbd } from "./Kbd";
import styles from "./Menu.module.css";

export type MenuItem =
  | {
      id: string;
      label: string;
      shortcut?: string;
      disabled?: boolean;
      danger?: boolean;
      onSelect(): void;
    }
  | { id: string; line: true }
  | { id: string; heading: string }
  | { id: string; label: string; items: MenuItem[]; disabled?: boolean };

type Kit = typeof RadixMenu | typeof RadixContext;

export interface MenuProps {
  items: MenuItem[];
  /** The button that opens it; must take a ref. */
  children: ReactNode;
  align?: "start" | "end";
  label?: string;
}

export function Menu({ items, children, align = "start", label }: MenuProps) {
  return (
    <RadixMenu.Root>
      <RadixMenu.Trigger asChild>{children}</RadixMenu.Trigger>
      <RadixMenu.Portal>
        <RadixMenu.Content className={styles.menu} align={align} sideOffset={4} aria-label={label}>
          <Items kit={RadixMenu} items={items} />
        </RadixMenu.Content>
      </RadixMenu.Portal>
    </RadixMenu.Root>
  );
}

export interface ContextMenuProps {
  /** Asked for when the menu opens, so that closed menus cost nothing. */
  items: () => MenuItem[];
  children: ReactNode;
  label?: string;
}

export function ContextMenu({ items, children, label }: ContextMenuProps) {
  return (
    <RadixContext.Root>
      <RadixContext.Trigger asChild>{children}</RadixContext.Trigger>
      <RadixContext.Portal>
        <RadixContext.Content className={styles.menu} aria-label={label}>
          <LateItems items={items} />
        </RadixContext.Content>
      </RadixContext.Portal>
    </RadixContext.Root>
  );
}

function LateItems({ items }: { items: () => MenuItem[] }) {
  return <Items kit={RadixContext} items={items()} />;
}

function Items({ kit, items }: { kit: Kit; items: MenuItem[] }) {
  return items.map((item) => <Item key={item.id} kit={kit} item={item} />);
}

function Item({ kit: Kit, item }: { kit: Kit; item: MenuItem }) {
  if ("line" in item) return <Kit.Separator className={styles.line} />;
  if ("heading" in item) return <Kit.Label className={styles.heading}>{item.heading}</Kit.Label>;
  if ("items" in item) {
    return (
      <Kit.Sub>
        <Kit.SubTrigger className={styles.item} disabled={item.disabled}>
          <span className={styles.label}>{item.label}</span>
          <span aria-hidden="true">›</span>
        </Kit.SubTrigger>
        <Kit.Portal>
          <Kit.SubContent className={styles.menu}>
            <Items kit={Kit} items={item.items} />
          </Kit.SubContent>
        </Kit.Portal>
      </Kit.Sub>
    );
  }
  return (
    <Kit.Item
      className={classes(styles.item, item.danger && styles.bad)}
      disabled={item.disabled}
      onSelect={() => item.onSelect()}
    >
      <span className={styles.label}>{item.label}</span>
      {item.shortcut && <Kbd>{item.shortcut}</Kbd>}
    </Kit.Item>
  );
}
