import { useMemo } from "react";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { Section } from "../ui/controls";
import styles from "./legend.module.css";
import { RangeBrush } from "./RangeBrush";

/** The colour scale as a distribution that can be brushed. */
export function NumericLegend({ shown, picture }: { shown: ShownFrame; picture: Picture }) {
  const { colour, colourName, points, range } = shown;
  const { palette, codes } = picture.scene;
  const colours = palette.slice(0, -1);
  const missing = useMemo(
    () => codes.reduce((sum, code, i) => sum + (points.present[i] && code === palette.length - 1 ? 1 : 0), 0),
    [codes, points, palette],
  );
  if (colour?.kind !== "numeric" || !colourName) return null;
  return (
    <Section title="Legend" note="drag to filter">
      <div className={styles.filter} data-testid="numeric-legend">
        <RangeBrush
          name={colourName}
          title={shown.colourTitle}
          values={colour}
          span={range ?? undefined}
          among={points.present}
          sifted={picture.sifted}
          colourOf={(share) => colours[Math.min(colours.length - 1, Math.floor(share * colours.length))]}
        />
        <div
          className={styles.ramp}
          style={{ background: `linear-gradient(90deg, ${colours.join(", ")})` }}
        />
        {missing ? <p className={styles.note}>{count(missing)} points without a value are grey.</p> : null}
      </div>
    </Section>
  );
}
