// A modal dialog: titled, closed by Escape, focus kept inside and given back afterwards.
import { Dialog as Radix } from "radix-ui";
import type { CSSProperties, ReactNode } from "react";
import { Button, IconButton } from "./Button";
import styles from "./Dialog.module.css";
import { CloseIcon } from "./icons";

export interface DialogProps {
  open: boolean;
  onClose(): void;
  title: string;
  /** One sentence under the title. */
  note?: ReactNode;
  /** Buttons at the foot, the main one last. */
  foot?: ReactNode;
  width?: number;
  children?: ReactNode;
}

export function Dialog({ open, onClose, title, note, foot, width, children }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={styles.veil} />
        <Radix.Content
          className={styles.dialog}
          style={width ? ({ "--width": `${width}px` } as CSSProperties) : undefined}
          {...(note ? {} : { "aria-describedby": undefined })}
        >
          <div className={styles.head}>
            <Radix.Title className={styles.title}>{title}</Radix.Title>
            <IconButton label="Close" size="small" onClick={onClose}>
              <CloseIcon />
            </IconButton>
          </div>
          <div className={styles.body}>
            {note && <Radix.Description className={styles.note}>{note}</Radix.Description>}
            {children}
          </div>
          {foot && <div className={styles.foot}>{foot}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export interface ConfirmDialogProps {
  open: boolean;
  title: string;
  note: ReactNode;
  /** The verb on the button: “Stop the agent”. */
  confirm: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm(): void;
  onClose(): void;
}

export function ConfirmDialog({ open, title, note, confirm, danger, busy, onConfirm, onClose }: ConfirmDialogProps) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      note={note}
      width={420}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look={danger ? "bad" : "primary"} onClick={onConfirm} disabled={busy} autoFocus>
            {confirm}
          </Button>
        </>
      }
    />
  );
}
