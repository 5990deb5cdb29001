// Where a form cannot be saved, the first box that is wrong takes the focus: its sentence is read out then.
export function focusWrong(form: HTMLFormElement): void {
  // Errors that the attempt itself brought up are drawn first.
  requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
