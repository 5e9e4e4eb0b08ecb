import type { Frame } from "../api/bytes";
import type { RunEntry } from "../runs/RunPicker";
import type { RunDetail } from "../runs/run";
import { useView } from "../state/view";
import { IconButton } from "../ui/Button";
import { Cross } from "../ui/icons";
import { Select } from "../ui/Select";
import styles from "./pane.module.css";
import { nameOf } from "./time";
import type { PaneContent } from "./usePanes";

type Props = {
  pane: number;
  what: PaneContent;
  runs: readonly RunEntry[];
  run: RunDetail | null;
  layer: string | null;
  split: string | null;
  frames: readonly Frame[];
  index: number;
  onSeek: (index: number) => void;
  onRemove: (() => void) | null;
};

export const letterOf = (pane: number): string => String.fromCharCode(65 + pane);

/** The run, layer and epoch of a pane; each can be changed. */
export function PaneHead({ pane, what, runs, run, layer, split, frames, index, onSeek, onRemove }: Props) {
  const setPane = useView((view) => view.setPane);
  const letter = letterOf(pane);
  return (
    <header className={styles.head}>
      <span className={styles.letter}>{letter}</span>
      <Select
        label={`Run of pane ${letter}`}
        testId="pane-run"
        value={what.run}
        options={runs.map(({ id, name, project }) => ({ value: id, name, title: `${project} / ${name}` }))}
        onChange={(id) => setPane(pane, { run: id, layer: null, step: null })}
        compact
      />
      <Select
        label={`Layer of pane ${letter}`}
        testId="pane-layer"
        value={layer}
        options={(run?.layers ?? []).map(({ name }) => ({ value: name, name }))}
        onChange={(name) => setPane(pane, { layer: name })}
        compact
      />
      {run && run.splits.length > 1 ? (
        <Select
          label={`Split of pane ${letter}`}
          testId="pane-split"
          value={split}
          options={run.splits.map(({ name }) => ({ value: name, name }))}
          onChange={(name) => setPane(pane, { split: name })}
          compact
        />
      ) : null}
      {frames[index] ? (
        <Select
          label={`Epoch of pane ${letter}`}
          testId="pane-epoch"
          value={`${index}`}
          options={frames.map((frame, at) => ({ value: `${at}`, name: nameOf(frame) }))}
          onChange={(at) => onSeek(Number(at))}
          compact
        />
      ) : null}
      {onRemove ? (
        <IconButton label={`Remove pane ${letter}`} onClick={onRemove} data-testid="pane-remove">
          <Cross size={14} />
        </IconButton>
      ) : null}
    </header>
  );
}
