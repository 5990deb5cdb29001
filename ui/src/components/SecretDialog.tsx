// A text that is shown once: a key, a secret. Nobody can be told it again, so the dialog is left by its button.
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";
import { Dialog } from "./Dialog";
import styles from "./SecretDialog.module.css";

export interface SecretDialogProps {
  title: string;
  /** What it is for, and where it goes. */
  note: string;
  secret: string;
  /** What the text is called in sentences. */
  noun: string;
  onClose(): void;
}

export function SecretDialog({ title, note, secret, noun, onClose }: SecretDialogProps) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      note={note}
      width={560}
      foot={
        <Button look="primary" onClick={onClose}>
          I have kept it
        </Button>
      }
    >
      <p className={styles.secret}>
        <code data-testid="secret">{secret}</code>
        <CopyButton text={secret} label={`Copy the ${noun}`} />
      </p>
      <p className={styles.once}>It is shown this once. Whoever loses it makes a new one.</p>
    </Dialog>
  );
}
