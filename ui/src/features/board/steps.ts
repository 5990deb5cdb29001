// What Undo means: the step that the person began last, from the moment it is begun. A step is shown before the engine
// has answered; taken back that early, it is taken back as soon as it is done, and never the one before it instead.
import type { ToastMessage } from "../../components/Toast";

export interface Step {
  text: string;
  /** Null: it cannot be taken back. */
  undo: (() => void) | null;
}

type Tell = (message: ToastMessage) => () => void;

export class Steps {
  private last: (() => void) | null = null;

  /** `tell` shows a message and returns how to take it away. */
  constructor(private readonly tell: Tell) {}

  undo(): void {
    this.last?.();
  }

  /** Tells of the step once it is done; null means that nothing was, and the step before counts again. */
  begin(step: Promise<Step | null>): void {
    const before = this.last;
    let takenBack = false;
    let dismiss = () => {};
    const takeBack = () => {
      if (takenBack) return;
      takenBack = true;
      dismiss();
      void step.then((done) => done?.undo?.());
    };
    this.last = takeBack;
    void step.then((done) => {
      if (!done?.undo && this.last === takeBack) this.last = before;
      if (!done || (takenBack && done.undo)) return;
      dismiss = this.tell({ text: done.text, ...(done.undo && { action: { run: takeBack } }) });
    });
  }
}
