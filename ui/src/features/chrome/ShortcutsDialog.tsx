// Every key in one place.
import { Dialog } from "../../components/Dialog";
import { Kbd } from "../../components/Kbd";
import styles from "./ShortcutsDialog.module.css";

export interface Shortcut {
  keys: string[];
  what: string;
}

export interface ShortcutsDialogProps {
  groups: { name: string; shortcuts: Shortcut[] }[];
  onClose(): void;
}

export function ShortcutsDialog({ groups, onClose }: ShortcutsDialogProps) {
  return (
    <Dialog open onClose={onClose} title="Keyboard shortcuts" width={620}>
      <div className={styles.groups}>
        {groups.map((group) => (
          <section key={group.name} aria-label={group.name}>
            <h3 className={styles.name}>{group.name}</h3>
            <dl className={styles.list}>
              {group.shortcuts.map((shortcut) => (
                <div key={shortcut.what} className={styles.row}>
                  <dt>{shortcut.what}</dt>
                  <dd>
                    {shortcut.keys.map((key) => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
