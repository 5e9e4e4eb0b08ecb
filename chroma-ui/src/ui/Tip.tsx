import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import styles from "./Tip.module.css";

type Props = {
  text: ReactNode;
  /** A key that does the same. */
  hint?: string;
  side?: "top" | "right" | "bottom" | "left";
  children: ReactNode;
};

export function Tip({ text, hint, side = "bottom", children }: Props) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className={styles.tip} side={side} sideOffset={6} collisionPadding={8}>
          {text}
          {hint ? <kbd className={styles.key}>{hint}</kbd> : null}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
