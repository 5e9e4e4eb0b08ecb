import { Popover } from "radix-ui";
import { useState } from "react";
import { IconButton } from "../ui/Button";
import { Bookmark } from "../ui/icons";
import { lazily } from "../ui/lazily";
import styles from "./share.module.css";

const ViewsSheet = lazily(() => import("./ViewsSheet"), {
  waiting: <p className={styles.nothing}>Loading…</p>,
});

/** Saved views: save this one, open, rename or delete another. */
export function Views({ runId, runName }: { runId: string; runName: (id: string) => string }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <IconButton label="Saved views" data-testid="views">
          <Bookmark />
        </IconButton>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.views}
          align="end"
          sideOffset={6}
          collisionPadding={8}
          // Undoing a deletion leaves the list open.
          onInteractOutside={(event) => {
            if (event.target instanceof Element && event.target.closest("[data-notice]"))
              event.preventDefault();
          }}
          aria-label="Saved views"
          data-testid="views-list"
        >
          <ViewsSheet runId={runId} runName={runName} onDone={() => setOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
