// Buttons: words, or one icon with a name. A button that cannot act says why in its title.
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import styles from "./Button.module.css";
import { classes } from "./css";

type Look = "default" | "primary" | "signal" | "bad" | "plain";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  size?: "normal" | "small";
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = "default", size = "normal", className, type = "button", ...rest }: ButtonProps) {
  const small = size === "small" && styles.small;
  return <button {...rest} type={type} className={classes(styles.button, styles[look], small, className)} />;
}

export interface IconButtonProps extends Omit<ButtonProps, "children"> {
  /** The accessible name, also shown as a hint. */
  label: string;
  children: ReactNode;
}

export function IconButton({ label, look = "plain", className, title, ...rest }: IconButtonProps) {
  return (
    <Button
      {...rest}
      look={look}
      aria-label={label}
      title={title ?? label}
      className={classes(styles.icon, className)}
    />
  );
}
