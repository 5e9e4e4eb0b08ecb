import { Popover } from "radix-ui";
import { useState } from "react";
import { IconButton } from "../ui/Button";
import { Share } from "../ui/icons";
import { lazily } from "../ui/lazily";
import styles from "./share.module.css";

const ShareSheet = lazily(() => import("./ShareSheet"), {
  waiting: <p className={styles.nothing}>Loading…</p>,
});

/** Links that show this run to colleagues without a token. */
export function ShareLink(run: { id: string; name: string }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <IconButton label="Share" data-testid="share">
          <Share />
        </IconButton>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.views}
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Share"
          data-testid="share-sheet"
        >
          <ShareSheet {...run} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
