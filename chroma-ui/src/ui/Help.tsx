import { Dialog } from "radix-ui";
import { Button } from "./Button";
import styles from "./Help.module.css";
import { Cross } from "./icons";
import { lazily } from "./lazily";

// Loaded when it is opened: the first page stays small.
const HelpLists = lazily(() => import("./HelpLists"));

export function Help({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.veil} />
        <Dialog.Content className={styles.sheet} aria-describedby={undefined} data-testid="help-sheet">
          <header>
            <Dialog.Title className={styles.title}>Keys and gestures</Dialog.Title>
            <Dialog.Close asChild>
              <Button look="quiet" aria-label="Close">
                <Cross size={14} />
              </Button>
            </Dialog.Close>
          </header>
          <HelpLists />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
