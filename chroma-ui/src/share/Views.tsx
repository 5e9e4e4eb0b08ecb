import { useState } from "react";
import { IconButton } from "../ui/Button";
import { Bookmark } from "../ui/icons";
import { lazily } from "../ui/lazily";
import { Sheet } from "../ui/Sheet";
import styles from "./share.module.css";

const ViewsSheet = lazily(() => import("./ViewsSheet"), {
  waiting: <p className={styles.nothing}>Loading…</p>,
});

/** Saved views: save this one, open, rename or delete another. */
export function Views({ runId, runName }: { runId: string; runName: (id: string) => string }) {
  const [open, setOpen] = useState(false);
  return (
    <Sheet
      open={open}
      onOpenChange={setOpen}
      label="Saved views"
      trigger={
        <IconButton label="Saved views" data-testid="views">
          <Bookmark />
        </IconButton>
      }
      className={styles.views}
      // Undoing a deletion leaves the list open.
      onInteractOutside={(event) => {
        if (event.target instanceof Element && event.target.closest("[data-notice]")) event.preventDefault();
      }}
      data-testid="views-list"
    >
      <ViewsSheet runId={runId} runName={runName} onDone={() => setOpen(false)} />
    </Sheet>
  );
}
