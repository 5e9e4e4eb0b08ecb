import { useRef } from "react";
import { brokenLine, stopsOf } from "../inspector/series";
import { decimal } from "../lib/format";
import { useSize } from "../lib/useSize";
import type { Doubt } from "./queue";
import styles from "./review.module.css";

const HEIGHT = 44;

/** Probabilities of the given label and of the best other class, epoch by epoch. */
export function DoubtLines({ row, colours }: { row: Doubt; colours: ReadonlyMap<string, string> }) {
  const field = useRef<HTMLDivElement>(null);
  const { width } = useSize(field);
  const { moments, given, suggested } = row;
  if (moments.length < 2) return null;
  const lines = [
    { name: given, values: moments.map(({ probability }) => probability), ink: colours.get(given) },
    {
      name: "the best other class",
      values: moments.map(({ otherProbability }) => otherProbability),
      ink: colours.get(suggested),
    },
  ];
  const spoken = moments.map(
    ({ epoch, probability, other, otherProbability }) =>
      `epoch ${epoch ?? "–"}: ${given} ${decimal(probability, 2)}, ${other ?? "other"} ${decimal(otherProbability, 2)}`,
  );
  const [first, last] = [moments[0], moments[moments.length - 1]];
  return (
    <div className={styles.lines} data-testid="review-lines">
      <div
        ref={field}
        role="img"
        aria-label={`Probabilities: ${spoken.join("; ")}`}
        title={spoken.join("\n")}
      >
        <svg width={width} height={HEIGHT} aria-hidden="true">
          <g transform="translate(2, 3)">
            {lines.map(({ name, values, ink }) => (
              <path
                key={name}
                d={brokenLine(stopsOf(values, [0, 1], Math.max(0, width - 4), HEIGHT - 6))}
                style={{ stroke: ink ?? "var(--accent)" }}
                strokeDasharray={name === given ? undefined : "3 3"}
              />
            ))}
          </g>
        </svg>
      </div>
      <p>
        <span>epoch {first.epoch ?? "–"}</span>
        <span>— {given} · ┄ best other</span>
        <span>{last.epoch ?? "–"}</span>
      </p>
    </div>
  );
}
