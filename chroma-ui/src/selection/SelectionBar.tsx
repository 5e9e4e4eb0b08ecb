import { DropdownMenu } from "radix-ui";
import { useSelectedPoints } from "../film/useSelectedPoints";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { useSelection } from "../state/selection";
import { Button, IconButton } from "../ui/Button";
import { ChevronDown, Cross } from "../ui/icons";
import { TagMenu } from "../ui/TagMenu";
import { copyIds, type ExportFormat, exportSamples, useTagging } from "./act";
import styles from "./selection.module.css";
import { useProjectOnly } from "./useProjectOnly";

const FORMATS: readonly (readonly [ExportFormat, string])[] = [
  ["csv", "CSV"],
  ["json", "JSON"],
  ["parquet", "Parquet"],
];

type Props = {
  shown: ShownFrame;
  /** Whether a film of only the selected samples can be requested. */
  projects?: boolean;
};

/** Shown over the canvas while samples are selected: their number, and actions on them. */
export function SelectionBar({ shown, projects = true }: Props) {
  const clear = useSelection((selection) => selection.clear);
  const held = useSelection((selection) => selection.samples.length);
  const open = useSelection((selection) => selection.tagging);
  const { setTagging } = useSelection.getState();
  const indices = useSelectedPoints(shown);
  const tagging = useTagging(shown);
  const projectOnly = useProjectOnly(shown);
  if (held === 0) return null;
  const tags = shown.film.columns
    .filter((column) => column.name.startsWith("tag:"))
    .map((column) => column.name.slice(4));

  return (
    <div className={styles.bar} role="toolbar" aria-label="Selection" data-testid="selection-bar">
      <p role="status">
        <b data-testid="selected-count">{count(indices.length)}</b>
        {indices.length < held ? ` of ${count(held)}` : ""} selected
      </p>
      <TagMenu
        known={tags}
        open={open}
        onOpenChange={setTagging}
        onTag={(tag) => void tagging("tag", tag, indices)}
      >
        <Button data-testid="tag-open">
          Tag <ChevronDown size={13} />
        </Button>
      </TagMenu>
      <DropdownMenu.Root modal={false}>
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
      {projects && shown.film.splits.length === 1 ? (
        <Button
          data-testid="project-only"
          title="Compute a film of these samples only; neighbours are searched among them"
          onClick={() => void projectOnly(indices)}
        >
          Project only these
        </Button>
      ) : null}
      <IconButton label="Clear the selection" hint="esc" data-testid="clear-selection" onClick={clear}>
        <Cross size={14} />
      </IconButton>
    </div>
  );
}
