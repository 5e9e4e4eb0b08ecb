import { useView } from "../state/view";
import { Target } from "../ui/icons";
import { lazily } from "../ui/lazily";
import type { PanelProps } from "../workspace/panelProps";
import styles from "./inspector.module.css";

// Loaded when a sample is chosen.
const SamplePanel = lazily(() => import("./SamplePanel"));

/** The sample in focus, or how to choose one. */
export function SampleTab({ shown, picture, split, focus, onStep }: PanelProps) {
  const { focused, key, ...known } = focus;
  if (!focused || !shown || !picture || !split || key === null) {
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
      split={split}
      classColours={picture.classColours}
      onFocus={useView.getState().focus}
      onStep={onStep}
    />
  );
}
