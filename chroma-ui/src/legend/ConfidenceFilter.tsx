import { useMemo } from "react";
import type { ShownFrame } from "../scatter/useShownFrame";
import { useView } from "../state/view";
import { Section, Slider } from "../ui/controls";
import { Histogram } from "./Histogram";
import styles from "./legend.module.css";
import { histogram } from "./statistics";

const BINS = 30;

export function ConfidenceFilter({ shown }: { shown: ShownFrame }) {
  const chosen = useView((view) => view.confidence);
  const setConfidence = useView((view) => view.setConfidence);
  const [low, high] = chosen ?? [0, 1];
  const { confidence, points } = shown;
  const counts = useMemo(
    () => (confidence ? histogram(confidence.values, points.present, 0, 1, BINS) : []),
    [confidence, points],
  );
  return (
    <Section title="Confidence" note={`${low.toFixed(2)} – ${high.toFixed(2)}`}>
      <div className={styles.filter}>
        <Histogram
          counts={counts}
          label="Points by confidence, square-root scale"
          colourOf={(bin) => {
            const middle = (bin + 0.5) / BINS;
            return middle >= low && middle <= high ? "var(--accent)" : "var(--line-strong)";
          }}
        />
        <Slider
          label="Confidence"
          min={0}
          max={1}
          step={0.01}
          value={[low, high]}
          onChange={([from, to]) => {
            if (from < to) setConfidence(from === 0 && to === 1 ? null : [from, to]);
          }}
        />
      </div>
    </Section>
  );
}
