import { useMemo } from "react";
import { count, decimal } from "../lib/format";
import type { Picture } from "../scatter/scene";
import type { ShownFrame } from "../scatter/useShownFrame";
import { Section } from "../ui/controls";
import { Histogram } from "./Histogram";
import styles from "./legend.module.css";
import { histogram } from "./statistics";

const BINS = 32;

export function NumericLegend({ shown, picture }: { shown: ShownFrame; picture: Picture }) {
  const { colour, points, range } = shown;
  const { palette, codes } = picture.scene;
  const [low, high] = range ?? [0, 1];
  const colours = palette.slice(0, -1);
  const counts = useMemo(
    () => (colour?.kind === "numeric" ? histogram(colour.values, points.present, low, high, BINS) : []),
    [colour, points, low, high],
  );
  const missing = useMemo(
    () => codes.reduce((sum, code, i) => sum + (points.present[i] && code === palette.length - 1 ? 1 : 0), 0),
    [codes, points, palette],
  );
  return (
    <Section title="Legend" note={picture.title}>
      <div className={styles.filter} data-testid="numeric-legend">
        <Histogram
          counts={counts}
          label={`Points by ${picture.title}, square-root scale`}
          colourOf={(bin) => colours[Math.floor(((bin + 0.5) / BINS) * colours.length)]}
        />
        <div
          className={styles.ramp}
          style={{ background: `linear-gradient(90deg, ${colours.join(", ")})` }}
        />
        <div className={styles.ends}>
          <span>{decimal(low, 2)}</span>
          <span>{decimal((low + high) / 2, 2)}</span>
          <span>{decimal(high, 2)}</span>
        </div>
        {missing ? <p className={styles.note}>{count(missing)} points without a value are grey.</p> : null}
      </div>
    </Section>
  );
}
