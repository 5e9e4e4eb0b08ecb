import { Popover } from "radix-ui";
import { type FormEvent, useState } from "react";
import { ago } from "../lib/format";
import { openAddress } from "../state/history";
import { Button, IconButton } from "../ui/Button";
import { Bin, Bookmark, Pencil } from "../ui/icons";
import { Rename } from "../ui/Rename";
import styles from "./share.module.css";
import { type SavedView, useViews } from "./useViews";

/** Saved views: save this one, open, rename or delete another. */
export function Views({ runId, runName }: { runId: string; runName: (id: string) => string }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const { views, save, remove } = useViews(open);

  const keep = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() && (await save(runId, name, window.location.search))) setName("");
  };

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
          <form className={styles.keep} onSubmit={(event) => void keep(event)}>
            <input
              className={styles.input}
              placeholder="Name this view"
              aria-label="Name this view"
              maxLength={200}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <Button look="accent" type="submit" disabled={!name.trim()}>
              Save
            </Button>
          </form>
          {views?.length === 0 ? (
            <p className={styles.nothing}>
              No saved views yet. A view includes run, layer, epoch, colour and filters.
            </p>
          ) : null}
          {views?.length ? (
            <ul className={styles.list}>
              {views.map((view) => (
                <Entry
                  key={view.id}
                  view={view}
                  about={`${runName(view.runId)} · ${ago(view.createdAt)}`}
                  onOpen={() => {
                    openAddress(view.address);
                    setOpen(false);
                  }}
                  onRename={(next) => void save(view.runId, next, view.address, view.id)}
                  onRemove={() => void remove(view)}
                />
              ))}
            </ul>
          ) : null}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

type EntryProps = {
  view: SavedView;
  about: string;
  onOpen: () => void;
  onRename: (name: string) => void;
  onRemove: () => void;
};

function Entry({ view, about, onOpen, onRename, onRemove }: EntryProps) {
  const [renaming, setRenaming] = useState(false);
  if (renaming) {
    return (
      <li>
        <Rename
          name={view.name}
          onDone={(name) => {
            setRenaming(false);
            onRename(name);
          }}
          onCancel={() => setRenaming(false)}
        />
      </li>
    );
  }
  return (
    <li className={styles.view} data-testid="saved-view">
      <button type="button" className={styles.open} onClick={onOpen}>
        <span>{view.name}</span>
        <small>{about}</small>
      </button>
      <IconButton label={`Rename ${view.name}`} onClick={() => setRenaming(true)}>
        <Pencil size={14} />
      </IconButton>
      <IconButton label={`Delete ${view.name}`} onClick={onRemove}>
        <Bin size={14} />
      </IconButton>
    </li>
  );
}
