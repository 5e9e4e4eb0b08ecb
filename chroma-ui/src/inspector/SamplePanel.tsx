import { useMemo } from "react";
import { imageAddress } from "../api/bytes";
import { noteOf } from "../film/columns";
import { momentOf } from "../film/frameNames";
import { sampleAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { chance, decimal, percent } from "../lib/format";
import { useColumns } from "../selection/useColumns";
import { IconButton } from "../ui/Button";
import { Section } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { Cross } from "../ui/icons";
import { Biography } from "./Biography";
import { ClassChip } from "./ClassChip";
import styles from "./inspector.module.css";
import { type Near, Neighbours } from "./Neighbours";
import { SampleImage } from "./SampleImage";
import type { Place, SampleDetail } from "./useSample";

type SamplePanelProps = {
  shown: ShownFrame;
  /** Index of the sample in the film. */
  index: number;
  split: { hasImages: boolean };
  /** From the run of the frame shown. */
  sample: SampleDetail | null;
  now: readonly Near[] | null;
  before: readonly Near[] | null;
  /** Where it is read: its run, split and position there; null while unknown. */
  place: (Place & { position: number }) | null;
  fetching: boolean;
  problem: string | null;
  classColours: Map<string, string>;
  onFocus: (sample: number | null) => void;
  /** Goes to the frame of a step, or the nearest one; null where the frames do not run over steps. */
  onStep: ((step: number) => void) | null;
};

/** What the model said of a sample. */
const FIGURES: readonly (readonly [string, (sample: SampleDetail) => number | null])[] = [
  ["confidence", (sample) => sample.confidence],
  ["margin", (sample) => sample.margin],
  ["cross-entropy", (sample) => sample.crossEntropy],
];

/** Columns of the film that are said of a sample where the film has them. */
const OF_FILM: readonly (readonly [column: string, name: string])[] = [
  ["in_picture", "picture keeps"],
  ["nearest_train", "from train"],
];

function useFilmFacts(shown: ShownFrame, index: number) {
  const { columns } = shown.film;
  const wanted = useMemo(
    () => columns.filter(({ name }) => OF_FILM.some(([column]) => column === name)),
    [columns],
  );
  const values = useColumns(shown, wanted);
  return OF_FILM.flatMap(([column, name]) => {
    const found = values?.get(column);
    const value = found?.kind === "numeric" ? found.values[index] : Number.NaN;
    if (!Number.isFinite(value)) return [];
    return [[name, column === "in_picture" ? percent(value) : decimal(value)] as const];
  });
}

export default function SamplePanel(props: SamplePanelProps) {
  const { shown, index, split, sample, place, classColours } = props;
  const { film } = shown;
  const own = sampleAt(shown, index);
  const ofFilm = useFilmFacts(shown, index);
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
            address={imageAddress(film.runId, own)}
            name={`sample ${sample?.id ?? own.position}`}
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
              ...ofFilm,
              ["split", own.split],
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

      {place ? (
        <Biography
          shown={shown}
          place={place}
          position={place.position}
          label={unnamed ? null : label}
          classColours={classColours}
          onStep={props.onStep}
        />
      ) : null}
      <Neighbours
        among={film.splits.length > 1 ? own.split : null}
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
