import { imageAddress } from "../api/bytes";
import { decimal } from "../lib/format";
import type { ShownFrame } from "../scatter/useShownFrame";
import { IconButton } from "../ui/Button";
import { Section } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { Cross } from "../ui/icons";
import { ClassChip } from "./ClassChip";
import styles from "./inspector.module.css";
import { PredictionStrip } from "./PredictionStrip";
import { SampleImage } from "./SampleImage";
import type { SampleDetail } from "./useSample";

export type SamplePanelProps = {
  shown: ShownFrame;
  /** Index of the sample in the film. */
  index: number;
  position: number;
  split: { name: string; hasImages: boolean };
  sample: SampleDetail | null;
  fetching: boolean;
  problem: string | null;
  classColours: Map<string, string>;
  onFocus: (position: number | null) => void;
  onSeek: (index: number) => void;
};

export function SamplePanel(props: SamplePanelProps) {
  const { shown, index, position, split, sample, classColours } = props;
  const { runId } = shown.film;
  const label = sample?.label ?? null;
  const prediction = sample?.prediction ?? null;
  const missing = shown.points.present[index] === 0;
  const metadata =
    sample && typeof sample.metadata === "object" && sample.metadata !== null
      ? Object.entries(sample.metadata)
      : [];

  return (
    <div className={styles.panel}>
      <div className={styles.head}>
        {split.hasImages ? (
          <SampleImage
            className={styles.portrait}
            address={imageAddress(runId, split.name, position)}
            name={`sample ${sample?.id ?? position}`}
          />
        ) : null}
        <div className={styles.about}>
          <h2 className={styles.id} data-testid="sample-id">
            {sample ? `sample ${sample.id}` : "…"}
          </h2>
          <p className={styles.chips}>
            {label !== null ? <ClassChip kind="label" name={label} colour={classColours.get(label)} /> : null}
            {prediction !== null ? (
              <ClassChip kind="pred" name={prediction} colour={classColours.get(prediction)} />
            ) : null}
          </p>
          <Facts
            facts={[
              ["confidence", decimal(sample?.confidence)],
              ["margin", decimal(sample?.margin)],
              ["cross-entropy", decimal(sample?.crossEntropy)],
              ["split", split.name],
            ]}
          />
        </div>
        <IconButton
          label="Leave this sample"
          hint="esc"
          className={styles.leave}
          onClick={() => props.onFocus(null)}
        >
          <Cross size={14} />
        </IconButton>
      </div>
      {missing ? <p className={styles.warning}>This sample has no vector in this snapshot.</p> : null}
      {props.problem ? <p className={styles.warning}>{props.problem}</p> : null}
      {sample?.text ? <p className={styles.text}>{sample.text}</p> : null}

      <Section title="Nearest neighbors" note={`full space · k=${sample?.neighbors.length ?? 12}`}>
        <ul className={styles.neighbours} data-plain={split.hasImages ? undefined : true}>
          {(sample?.neighbors ?? []).map((neighbour) => (
            <li key={neighbour.position}>
              <button
                type="button"
                className={styles.neighbour}
                style={{ borderColor: classColours.get(neighbour.label ?? "") ?? "var(--line-strong)" }}
                title={`sample ${neighbour.sampleId}${neighbour.label === null ? "" : `, label ${neighbour.label}`}, distance ${decimal(neighbour.distance)}`}
                data-testid="neighbour"
                data-position={neighbour.position}
                onClick={() => props.onFocus(neighbour.position)}
              >
                {split.hasImages ? (
                  <SampleImage
                    address={imageAddress(runId, split.name, neighbour.position)}
                    name={`sample ${neighbour.sampleId}`}
                  />
                ) : (
                  <span className={styles.neighbourName}>
                    {neighbour.sampleId}
                    {neighbour.label === null ? "" : ` · ${neighbour.label}`}
                  </span>
                )}
                <span className={styles.distance}>{decimal(neighbour.distance, 2)}</span>
              </button>
            </li>
          ))}
          {!sample && props.fetching
            ? Array.from({ length: 12 }, (_, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are all alike
                <li key={i} className={styles.placeholder} />
              ))
            : null}
        </ul>
      </Section>

      <PredictionStrip shown={shown} index={index} classColours={classColours} onSeek={props.onSeek} />

      {sample && sample.tags.length > 0 ? (
        <Section title="Tags">
          <p className={styles.chips}>
            {sample.tags.map((tag) => (
              <span key={tag} className={styles.tag}>
                {tag}
              </span>
            ))}
          </p>
        </Section>
      ) : null}
      {metadata.length ? (
        <Section title="Metadata">
          <Facts
            facts={metadata.map(([name, value]) => [
              name,
              typeof value === "object" ? JSON.stringify(value) : String(value),
            ])}
          />
        </Section>
      ) : null}
    </div>
  );
}
