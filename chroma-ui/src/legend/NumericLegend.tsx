import { useMemo } from "react";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { SCALES, shadeAt } from "../scatter/scale";
import { useView } from "../state/view";
import { Section } from "../ui/controls";
import styles from "./legend.module.css";
import { RangeBrush } from "./RangeBrush";

const CHOICES = ["auto", ...SCALES] as const;
const SPREADS = {
  linear: "colours follow the values",
  log: "colours follow the values' logarithms",
  quantile: "each colour has as many points",
} as const;
/** Stops of the ramp below the distribution. */
const STOPS = 24;

/** The colour scale as a distribution that can be brushed. */
export function NumericLegend({ shown, picture }: { shown: ShownFrame; picture: Picture }) {
  const { colour, colourName, points, range } = shown;
  const { palette, codes } = picture.scene;
  const { scale } = picture;
  const chosen = useView((view) => view.scale);
  const { setScale } = useView.getState();
  const colours = palette.slice(0, -1);
  const missing = useMemo(
    () => codes.reduce((sum, code, i) => sum + (points.present[i] && code === palette.length - 1 ? 1 : 0), 0),
    [codes, points, palette],
  );
  if (colour?.kind !== "numeric" || !colourName || !scale) return null;
  const colourOf = (share: number) =>
    colours[Math.min(colours.length - 1, Math.floor(share * colours.length))];
  const { kind, low, high } = scale;
  const stops = Array.from({ length: STOPS }, (_, stop) => {
    const share = (stop + 0.5) / STOPS;
    const value = kind === "log" ? low * (high / low) ** share : low + share * (high - low);
    return colourOf(shadeAt(scale, value));
  });
  return (
    <Section
      title="Legend"
      note={
        <button
          type="button"
          className={styles.link}
          data-testid="scale"
          title={`${SPREADS[kind]}; click for another scale`}
          onClick={() => setScale(CHOICES[(CHOICES.indexOf(chosen) + 1) % CHOICES.length])}
        >
          scale: {chosen === "auto" ? `${kind} (auto)` : kind}
        </button>
      }
    >
      <div className={styles.filter} data-testid="numeric-legend">
        <RangeBrush
          name={colourName}
          title={shown.colourTitle}
          values={colour}
          span={range ?? undefined}
          among={points.present}
          sifted={picture.sifted}
          scale={scale}
          colourOf={colourOf}
        />
        <div className={styles.ramp} style={{ background: `linear-gradient(90deg, ${stops.join(", ")})` }} />
        <p className={styles.note}>Drag over the bars to filter.</p>
        {missing ? <p className={styles.note}>{count(missing)} points without a value are grey.</p> : null}
        {chosen !== "auto" && chosen !== kind ? (
          <p className={styles.note}>A log scale needs values above zero: this one is linear.</p>
        ) : null}
      </div>
    </Section>
  );
}
