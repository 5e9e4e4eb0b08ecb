import { imageAddress } from "../api/bytes";
import { noteOf } from "../film/columns";
import { momentOf } from "../film/frameNames";
import type { ShownFrame } from "../film/useShownFrame";
import { chance, decimal } from "../lib/format";
import { IconButton } from "../ui/Button";
import { Section } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { Cross } from "../ui/icons";
import { Biography } from "./Biography";
import { ClassChip } from "./ClassChip";
import styles from "./inspector.module.css";
import { type Near, Neighbours } from "./Neighbours";
import { SampleImage } from "./SampleImage";
import type { FrameSource } from "./useFrameSource";
import type { SampleDetail } from "./useSample";

export type SamplePanelProps = {
  shown: ShownFrame;
  /** Index of the sample in the film. */
  index: number;
  position: number;
  split: { name: string; hasImages: boolean };
  /** From the run of the frame shown. */
  sample: SampleDetail | null;
  now: readonly Near[] | null;
  before: readonly Near[] | null;
  source: FrameSource | null;
  fetching: boolean;
  problem: string | null;
  classColours: Map<string, string>;
  onFocus: (position: number | null) => void;
  /** Goes to the frame of a step, or the nearest one; null where the frames do not run over steps. */
  onStep: ((step: number) => void) | null;
};

/** What the model said of a sample. */
const FIGURES: readonly (readonly [string, (sample: SampleDetail) => number | null])[] = [
  ["confidence", (sample) => sample.confidence],
  ["margin", (sample) => sample.margin],
  ["cross-entropy", (sample) => sample.crossEntropy],
];

export function SamplePanel(props: SamplePanelProps) {
  const { shown, index, position, split, sample, source, classColours } = props;
  const theirs = source?.there(position) ?? null;
  const { runId } = shown.film;
  const label = sample?.label ?? null;
  const prediction = sample?.prediction ?? null;
  const unnamed = noteOf(shown.film, "correct");
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
              ...FIGURES.flatMap(([name, read]) =>
                sample && (sample.pending ? shown.prediction : read(sample) !== null)
                  ? [[name, sample.pending ? "…" : decimal(read(sample))] as const]
                  : [],
              ),
              ["split", split.name],
            ]}
          />
        </div>
        <IconButton
          label="Clear the focus"
          hint="esc"
          className={styles.leave}
          onClick={() => props.onFocus(null)}
        >
          <Cross size={14} />
        </IconButton>
      </div>
      {shown.film.axis === "EPOCHS" ? null : (
        <p className={styles.whose} data-testid="frame-source">
          from layer {shown.frame.layer} of {shown.frame.run}, {momentOf(shown.frame)}
        </p>
      )}
      {missing ? <p className={styles.warning}>This sample has no vector in this snapshot.</p> : null}
      {props.problem ? <p className={styles.warning}>{props.problem}</p> : null}
      {unnamed ? <p className={styles.note}>{unnamed}</p> : null}
      {sample?.text ? <p className={styles.text}>{sample.text}</p> : null}

      {sample && sample.topClasses.length > 1 ? (
        <Section title="Most likely classes">
          <ul className={styles.guesses} data-testid="top-classes">
            {sample.topClasses.map(({ name, probability }) => (
              <li key={name} data-label={name === label || undefined}>
                <span className={styles.guessName}>{name}</span>
                <span className={styles.guessBar}>
                  <span
                    style={{
                      width: `${100 * probability}%`,
                      background: classColours.get(name) ?? "var(--accent)",
                    }}
                  />
                </span>
                <span className={styles.guessShare}>{chance(probability)}</span>
              </li>
            ))}
          </ul>
        </Section>
      ) : null}

      {source && theirs !== null ? (
        <Biography
          shown={shown}
          place={source.place}
          position={theirs}
          classColours={classColours}
          onStep={props.onStep}
        />
      ) : null}
      <Neighbours
        split={split}
        now={props.now}
        before={props.before}
        fetching={props.fetching}
        classColours={classColours}
        onFocus={props.onFocus}
      />

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
