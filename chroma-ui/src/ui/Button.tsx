import type { ComponentProps, ReactNode } from "react";
import styles from "./Button.module.css";
import { Tip } from "./Tip";

type ButtonProps = ComponentProps<"button"> & { look?: "plain" | "accent" | "quiet" };

export function Button({ look = "plain", className, ...rest }: ButtonProps) {
  return <button type="button" className={[styles.button, styles[look], className].join(" ")} {...rest} />;
}

type IconButtonProps = Omit<ComponentProps<"button">, "children"> & {
  label: string;
  hint?: string;
  side?: "top" | "right" | "bottom" | "left";
  children: ReactNode;
};

/** A button with an icon; its name is shown on hover and read by screen readers. */
export function IconButton({ label, hint, side = "bottom", className, children, ...rest }: IconButtonProps) {
  return (
    <Tip text={label} hint={hint} side={side}>
      <button type="button" aria-label={label} className={[styles.icon, className].join(" ")} {...rest}>
        {children}
      </button>
    </Tip>
  );
}
