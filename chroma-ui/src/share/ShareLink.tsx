import { useState } from "react";
import { IconButton } from "../ui/Button";
import { Share } from "../ui/icons";
import { lazily } from "../ui/lazily";
import { Sheet } from "../ui/Sheet";
import styles from "./share.module.css";

const ShareSheet = lazily(() => import("./ShareSheet"), {
  waiting: <p className={styles.nothing}>Loading…</p>,
});

/** Links that show this run to colleagues without a token. */
export function ShareLink(run: { id: string; name: string }) {
  const [open, setOpen] = useState(false);
  return (
    <Sheet
      open={open}
      onOpenChange={setOpen}
      label="Share"
      trigger={
        <IconButton label="Share" data-testid="share">
          <Share />
        </IconButton>
      }
      className={styles.views}
      data-testid="share-sheet"
    >
      <ShareSheet {...run} />
    </Sheet>
  );
}
