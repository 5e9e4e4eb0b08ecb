/** The tabs of the inspector. To add a panel, write a component and add it to `PANELS`. */
import type { ReactNode } from "react";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { RunSummary } from "../runs/RunSummary";
import type { RunDetail } from "../runs/run";
import { SelectionPanel } from "../selection/SelectionPanel";
import { useView } from "../state/view";
import { Target } from "../ui/icons";
import styles from "./inspector.module.css";
import { SamplePanel } from "./SamplePanel";
import type { Focus } from "./useFocus";

/** The props of every panel; a panel uses those it needs. */
export type PanelProps = {
  run: RunDetail;
  split: RunDetail["splits"][number] | null;
  /** The frame on the canvas and how it is drawn; null while there is none. */
  shown: ShownFrame | null;
  picture: Picture | null;
  focus: Focus;
  /** Goes to the frame of a step, or the nearest one; null where the frames do not run over steps. */
  onStep: ((step: number) => void) | null;
};

type Panel = { name: string; title: string; Content: (props: PanelProps) => ReactNode };

export const PANELS = [
  { name: "sample", title: "Sample", Content: Sample },
  { name: "selection", title: "Selection", Content: Selection },
  { name: "run", title: "Run", Content: RunSummary },
] as const satisfies readonly Panel[];

function Sample({ shown, picture, split, focus, onStep }: PanelProps) {
  const { focused, position, ...known } = focus;
  if (!focused || !shown || !picture || !split || position === null) {
    return (
      <div className={styles.hint}>
        <Target size={26} />
        <p>Click a point to see its sample, its nearest neighbours and how its prediction changed.</p>
      </div>
    );
  }
  return (
    <SamplePanel
      {...known}
      shown={shown}
      index={focused.index}
      position={position}
      split={split}
      classColours={picture.classColours}
      onFocus={useView.getState().focus}
      onStep={onStep}
    />
  );
}

function Selection({ shown, picture, split, focus }: PanelProps) {
  if (!shown || !picture || !split) return null;
  return (
    <SelectionPanel
      shown={shown}
      split={split}
      wrong={picture.wrong}
      classColours={picture.classColours}
      focused={focus.position}
      onFocus={useView.getState().focus}
    />
  );
}
