import { count } from "../lib/format";
import type { useRunChanges } from "../runs/useRunChanges";
import { MOST_PANES } from "../state/panes";
import { useView } from "../state/view";
import { Button, IconButton } from "../ui/Button";
import { Bin, ChevronDown, Columns, Cross } from "../ui/icons";
import { TagMenu } from "../ui/TagMenu";
import styles from "./home.module.css";
import type { HomeRun } from "./order";

type Props = {
  runs: readonly HomeRun[];
  tags: readonly string[];
  changes: ReturnType<typeof useRunChanges>;
  onClear: () => void;
};

/** Actions on the chosen runs. */
export function PickedBar({ runs, tags, changes, onClear }: Props) {
  if (runs.length === 0) return null;
  const compare = () => {
    const few = runs
      .slice(0, MOST_PANES)
      .map(({ id }) => ({ run: id, layer: null, step: null, camera: null, split: null }));
    useView.getState().compare(few.length === 1 ? [{ ...few[0], step: 0 }, few[0]] : few);
    if (few.length === 1) useView.getState().setLinked("time", false);
  };
  return (
    <div className={styles.picked} role="toolbar" aria-label="Chosen runs" data-testid="picked-bar">
      <p role="status">
        <b>{count(runs.length)}</b> {runs.length === 1 ? "run" : "runs"} chosen
      </p>
      <Button look="accent" onClick={compare} data-testid="compare">
        <Columns size={15} />
        {runs.length === 1 ? "Compare first and last" : `Compare ${Math.min(runs.length, MOST_PANES)}`}
        {runs.length > MOST_PANES ? ` of ${count(runs.length)}` : ""}
      </Button>
      <TagMenu
        known={tags}
        onTag={(tag) => {
          for (const run of runs) void changes.tag(run, tag);
        }}
      >
        <Button>
          Tag <ChevronDown size={13} />
        </Button>
      </TagMenu>
      <Button
        onClick={() => {
          for (const run of runs) void changes.remove(run);
          onClear();
        }}
        data-testid="delete-picked"
      >
        <Bin size={14} /> Delete
      </Button>
      <IconButton label="Choose none" hint="esc" side="top" onClick={onClear}>
        <Cross size={14} />
      </IconButton>
    </div>
  );
}
