import { useQuery } from "urql";
import { imageAddress } from "../api/bytes";
import { SampleCardDocument } from "../api/gql/graphql";
import { keyAt, sampleAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { SampleImage } from "../inspector/SampleImage";
import { decimal } from "../lib/format";
import { useDebounced } from "../lib/useDebounced";
import type { Hover } from "../scatter/ScatterPlot";
import { sampleOf } from "../state/sampleKey";
import styles from "./canvas.module.css";
import { CARD_WIDTH, cardPlace } from "./cardPlace";

type Props = {
  hover: Hover;
  shown: ShownFrame;
  split: { name: string; hasImages: boolean };
  classColours: Map<string, string>;
  room: { width: number; height: number };
};

/** The sample is fetched once the pointer has rested this long. */
const REST_MS = 120;

/** The value that colours a point, as text. */
function colourValue({ colour }: ShownFrame, index: number): string | null {
  if (!colour) return null;
  if (colour.kind === "categorical") return colour.legend[colour.codes[index]] ?? null;
  return Number.isFinite(colour.values[index]) ? decimal(colour.values[index]) : null;
}

export function HoverCard({ hover, shown, split, classColours, room }: Props) {
  const { index } = hover;
  const { film, frame } = shown;
  const { split: own, position } = sampleAt(shown, index);
  const rested = useDebounced(keyAt(shown, index), REST_MS);
  const wanted = rested === null ? null : sampleOf(film.splits, rested);
  const [{ data, fetching }] = useQuery({
    query: SampleCardDocument,
    variables: {
      ...{ runId: film.runId, split: wanted?.split ?? "", position: wanted?.position ?? 0 },
      step: frame.step,
    },
    pause: wanted === null,
  });
  const asked = wanted?.split === own && wanted.position === position;
  const sample = asked && !fetching && data?.sample?.position === position ? data.sample : null;
  const nameOf = (column: typeof shown.label) =>
    column ? (column.legend[column.codes[index]] ?? null) : null;
  const label = nameOf(shown.label);
  const prediction = nameOf(shown.prediction);
  const confidence = shown.confidence?.values[index];
  const listed = ["label", "prediction", "confidence"].includes(shown.colourName ?? "");
  const colour = listed && label !== null ? null : colourValue(shown, index);
  const { left, top } = cardPlace(hover, room);

  return (
    <div
      className={styles.card}
      style={{ width: CARD_WIDTH, transform: `translate(${Math.round(left)}px, ${Math.round(top)}px)` }}
      data-testid="hover-card"
      data-index={index}
      role="status"
    >
      {split.hasImages ? (
        <SampleImage
          className={styles.thumbnail}
          address={imageAddress(film.runId, { split: own, position })}
          name={`sample ${sample?.id ?? position}`}
        />
      ) : null}
      <div className={styles.words}>
        <p className={styles.sampleId}>
          sample {sample?.id ?? "…"}
          {film.splits.length > 1 ? ` of ${own}` : ""}
        </p>
        {!split.hasImages && sample?.text ? <p className={styles.sampleText}>{sample.text}</p> : null}
        <p className={styles.said}>
          {label !== null ? (
            <>
              label <b style={{ color: classColours.get(label) }}>{label}</b>
            </>
          ) : null}
          {label !== null && prediction !== null ? " · " : null}
          {prediction !== null ? (
            <>
              pred <b style={{ color: classColours.get(prediction) }}>{prediction}</b>
            </>
          ) : null}
        </p>
        {colour !== null ? (
          <p className={styles.said}>
            {shown.colourTitle.toLowerCase()} <b>{colour}</b>
          </p>
        ) : null}
        {confidence !== undefined && Number.isFinite(confidence) ? (
          <>
            <div className={styles.sure}>
              <span style={{ width: `${100 * confidence}%` }} />
            </div>
            <p className={styles.sureText}>confidence {decimal(confidence, 2)}</p>
          </>
        ) : null}
      </div>
    </div>
  );
}
