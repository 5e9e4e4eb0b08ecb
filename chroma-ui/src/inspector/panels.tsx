/** The tabs of the inspector. To add a panel, write a component and add it to `PANELS`. */
import type { ReactNode } from "react";
import { ConfusionPanel } from "../confusion/ConfusionPanel";
import { FindingsPanel } from "../findings/FindingsPanel";
import { REVIEW } from "../findings/Queues";
import { ReviewPanel } from "../findings/ReviewPanel";
import { RunSummary } from "../runs/RunSummary";
import { SelectionPanel } from "../selection/SelectionPanel";
import { useView } from "../state/view";
import { Target } from "../ui/icons";
import styles from "./inspector.module.css";
import type { PanelProps } from "./panelProps";
import { SamplePanel } from "./SamplePanel";

type Panel = { name: string; title: string; Content: (props: PanelProps) => ReactNode };

export const PANELS = [
  { name: "findings", title: "Findings", Content: Findings },
  { name: "sample", title: "Sample", Content: Sample },
  { name: "selection", title: "Selection", Content: Selection },
  { name: "confusion", title: "Confusion", Content: Confusion },
  { name: "run", title: "Run", Content: RunSummary },
] as const satisfies readonly Panel[];

/** The panel that shows what the address names; null where it names none. */
export const panelNamed = (name: string | null): string | null =>
  PANELS.find((panel) => panel.name === name || (panel.name === "findings" && name?.startsWith(REVIEW)))
    ?.name ?? null;

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

function Findings(props: PanelProps) {
  const panel = useView((view) => view.panel);
  const queueOf = panel?.startsWith(REVIEW) ? panel.slice(REVIEW.length) : null;
  return queueOf === null ? (
    <FindingsPanel run={props.run} />
  ) : (
    <ReviewPanel key={`${props.run.id} ${queueOf}`} {...props} queueOf={queueOf} />
  );
}

function Confusion({ shown, picture, onStep }: PanelProps) {
  if (!shown || !picture) return null;
  return <ConfusionPanel shown={shown} classColours={picture.classColours} onStep={onStep} />;
}
