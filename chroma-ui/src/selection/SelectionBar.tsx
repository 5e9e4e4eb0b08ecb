import { DropdownMenu, Popover } from "radix-ui";
import { type FormEvent, useState } from "react";
import { count } from "../lib/format";
import type { ShownFrame } from "../scatter/useShownFrame";
import { useSelection } from "../state/selection";
import { Button, IconButton } from "../ui/Button";
import { ChevronDown, Cross } from "../ui/icons";
import { copyIds, type ExportFormat, exportSamples, useTagging } from "./act";
import styles from "./selection.module.css";
import { useProjectOnly } from "./useProjectOnly";

const FORMATS: readonly (readonly [ExportFormat, string])[] = [
  ["csv", "CSV"],
  ["json", "JSON"],
  ["parquet", "Parquet"],
];

/** Over the canvas while samples are selected: how many, and what can be done with them. */
export function SelectionBar({ shown }: { shown: ShownFrame }) {
  const { indices, clear } = useSelection();
  const tagging = useTagging(shown);
  const projectOnly = useProjectOnly(shown);
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  if (indices.length === 0) return null;
  const tags = shown.film.columns
    .filter((column) => column.name.startsWith("tag:"))
    .map((column) => column.name.slice(4));

  const give = (tag: string) => {
    setNaming(false);
    setName("");
    void tagging("tag", tag, indices);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) give(name.trim());
  };

  return (
    <div className={styles.bar} role="toolbar" aria-label="Selection" data-testid="selection-bar">
      <p role="status">
        <b data-testid="selected-count">{count(indices.length)}</b> selected
      </p>
      <Popover.Root open={naming} onOpenChange={setNaming}>
        <Popover.Trigger asChild>
          <Button data-testid="tag-open">
            Tag <ChevronDown size={13} />
          </Button>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content className={styles.menu} sideOffset={6} collisionPadding={8}>
            <form onSubmit={submit}>
              <input
                className={styles.input}
                placeholder="New tag, then Enter"
                aria-label="New tag"
                maxLength={100}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            </form>
            {tags.map((tag) => (
              <button key={tag} type="button" className={styles.choice} onClick={() => give(tag)}>
                {tag}
              </button>
            ))}
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <Button data-testid="export-open">
            Export <ChevronDown size={13} />
          </Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className={styles.menu} sideOffset={6} collisionPadding={8}>
            {FORMATS.map(([format, title]) => (
              <DropdownMenu.Item
                key={format}
                className={styles.choice}
                onSelect={() => void exportSamples(shown, indices, format)}
              >
                {title}
              </DropdownMenu.Item>
            ))}
            <DropdownMenu.Item className={styles.choice} onSelect={() => void copyIds(shown, indices)}>
              Copy ids
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <Button
        data-testid="project-only"
        title="A film of these samples alone: their neighbours are looked for among them"
        onClick={() => void projectOnly(indices)}
      >
        Project only these
      </Button>
      <IconButton label="Clear the selection" hint="esc" data-testid="clear-selection" onClick={clear}>
        <Cross size={14} />
      </IconButton>
    </div>
  );
}
