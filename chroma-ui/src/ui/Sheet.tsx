import { Popover } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";

type Props = Omit<ComponentProps<typeof Popover.Content>, "asChild"> & {
  /** What it is called, for screen readers. */
  label: string;
  /** The button that opens it. */
  trigger: ReactNode;
  /** Whether it is open, and what changes that; without them it keeps that itself. */
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
};

/** A sheet beside the button that opens it: kept in view, closed by Escape or by a press elsewhere. */
export function Sheet({ label, trigger, open, onOpenChange, ...content }: Props) {
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="end" sideOffset={6} collisionPadding={8} aria-label={label} {...content} />
      </Popover.Portal>
    </Popover.Root>
  );
}
