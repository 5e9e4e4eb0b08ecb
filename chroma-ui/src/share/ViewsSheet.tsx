import { useState } from "react";
import { ago } from "../lib/format";
import { openAddress } from "../state/history";
import { IconButton } from "../ui/Button";
import { Bin, Pencil } from "../ui/icons";
import { NameForm } from "../ui/NameForm";
import { Rename } from "../ui/Rename";
import styles from "./share.module.css";
import { type SavedView, useViews } from "./useViews";

type Props = { runId: string; runName: (id: string) => string; onDone: () => void };

/** The list of saved views, and a field to save this one. */
export default function ViewsSheet({ runId, runName, onDone }: Props) {
  const { views, save, remove } = useViews();

  return (
    <>
      <NameForm
        label="Name this view"
        maxLength={200}
        button
        className={styles.keep}
        onName={(name) => save(runId, name, window.location.search)}
      />
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
                onDone();
              }}
              onRename={(next) => void save(view.runId, next, view.address, view.id)}
              onRemove={() => void remove(view)}
            />
          ))}
        </ul>
      ) : null}
    </>
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
