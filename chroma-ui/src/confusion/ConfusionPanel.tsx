import { useMemo, useState } from "react";
import type { CategoricalColumn, Column } from "../api/bytes";
import { momentOf, spoken } from "../film/frameNames";
import { keysAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { count, percent } from "../lib/format";
import { useSelection } from "../state/selection";
import { Button } from "../ui/Button";
import { Section, Slider } from "../ui/controls";
import { Chain } from "../ui/icons";
import { Segmented } from "../ui/Segmented";
import { CellHistory } from "./CellHistory";
import styles from "./confusion.module.css";
import { type Cell, Grid } from "./Grid";
import { confusionOf, type Matrix, mostConfused, type Norm, pairsOf, pointsOf } from "./matrix";
import { Pairs } from "./Pairs";
import { refusalOf } from "./refusal";
import { useMatrices } from "./useMatrices";
import { type Moment, useMoment } from "./useMoment";

type Props = {
  shown: ShownFrame;
  classColours: ReadonlyMap<string, string>;
  /** Goes to the frame of a step; null where the frames do not run over steps. */
  onStep: ((step: number) => void) | null;
};

/** Cells of more classes could not be hit. */
const MOST_CLASSES = 20;
const NORMS: readonly { value: Norm; name: string; title: string }[] = [
  { value: "count", name: "count", title: "Samples" },
  { value: "label", name: "of label", title: "Percent of the samples of the label: rows add up to 100" },
  {
    value: "prediction",
    name: "of prediction",
    title: "Percent of the samples of the prediction: columns add up to 100",
  },
];

/** Which labels the model takes for which, at the frame shown or at one of its own, and since when. */
export default function ConfusionPanel({ shown, ...rest }: Props) {
  const { film } = shown;
  const refusal = refusalOf(film);
  const columns = useMemo(
    () => ["label", "prediction"].flatMap((wanted) => film.columns.find(({ name }) => name === wanted) ?? []),
    [film.columns],
  );
  if (refusal !== null || columns.length < 2) {
    return (
      <p className={styles.refusal} data-testid="confusion-refused">
        {refusal ?? "Waiting for labels and predictions."}
      </p>
    );
  }
  return <AtMoment {...rest} shown={shown} columns={columns} />;
}

type MomentProps = Props & {
  /** Label and prediction. */
  columns: readonly Column[];
};

/** The slider, and the matrix of its frame where that is known. */
function AtMoment({ shown, columns, onStep, ...rest }: MomentProps) {
  const { film, revision } = shown;
  const { now, index, own, setOwn } = useMoment(shown, columns);
  const { frame, label, prediction } = now;
  const matrix = useMemo(
    () => (label && prediction ? confusionOf(label, prediction) : null),
    [label, prediction],
  );
  return (
    <div className={styles.panel} data-testid="confusion">
      {revision.frames.length > 1 ? (
        <div className={styles.moment}>
          <Slider
            label="Frame of the matrix"
            min={0}
            max={revision.frames.length - 1}
            step={1}
            value={[index]}
            textOf={(at) => spoken(revision.frames[at], film.axis)}
            onChange={([at]) => setOwn(at)}
          />
          <Button
            look="quiet"
            aria-pressed={own === null}
            title={
              own === null ? "The matrix is that of the film's frame" : "Shows that of the film's frame again"
            }
            data-testid="confusion-follow"
            onClick={() => setOwn(own === null ? index : null)}
          >
            <Chain size={14} /> Film
          </Button>
        </div>
      ) : null}
      {label && prediction && matrix?.known ? (
        <Confusion
          {...rest}
          shown={shown}
          frame={frame}
          label={label}
          prediction={prediction}
          columns={columns}
          matrix={matrix}
          onStep={
            own === null || onStep === null
              ? onStep
              : (step) => setOwn(revision.frames.findIndex((each) => each.step === step))
          }
        />
      ) : (
        <p className={styles.refusal} data-testid="confusion-refused">
          What the model predicted is not known at {spoken(frame, film.axis)}.
        </p>
      )}
    </div>
  );
}

type ConfusionProps = MomentProps &
  Moment &
  Record<"label" | "prediction", CategoricalColumn> & { matrix: Matrix };

function Confusion({ shown, frame, label, prediction, columns, matrix, ...rest }: ConfusionProps) {
  const { film } = shown;
  const { classColours, onStep } = rest;
  const [norm, setNorm] = useState<Norm>("count");
  const [chosen, setChosen] = useState<readonly [string, string] | null>(null);
  const matrices = useMatrices(film, shown.revision, columns[0], columns[1]);
  const pairs = useMemo(() => pairsOf((matrices ?? []).map((each) => each.matrix)), [matrices]);
  const classes = mostConfused(matrix, MOST_CLASSES);

  const choose = ([given, predicted]: readonly [string, string], add = false) => {
    setChosen([given, predicted]);
    const found = keysAt(shown, pointsOf(label, prediction, given, predicted));
    useSelection.getState().select(found, add ? "add" : "replace", true);
  };
  const chooseCell = (cell: Cell, add: boolean) =>
    choose([matrix.names[cell.label], matrix.names[cell.prediction]], add);
  const cell = chosen && {
    label: matrix.names.indexOf(chosen[0]),
    prediction: matrix.names.indexOf(chosen[1]),
  };

  return (
    <>
      <div>
        <p className={styles.summary} data-testid="confusion-right">
          <b>{percent(matrix.right / matrix.known)}</b> right: {count(matrix.right)} of {count(matrix.known)}
          <span>{film.axis === "EPOCHS" ? momentOf(frame) : spoken(frame, film.axis)}</span>
        </p>
        <Segmented
          label="Numbers are"
          value={norm}
          options={NORMS}
          onChange={setNorm}
          testId="confusion-norm"
        />
      </div>
      <div>
        <p className={styles.axes}>label ↓ · prediction →</p>
        <Grid
          matrix={matrix}
          shown={classes}
          norm={norm}
          chosen={cell}
          colours={classColours}
          onChoose={chooseCell}
        />
        {classes.length < matrix.names.length ? (
          <p className={styles.note}>
            {classes.length} of {count(matrix.names.length)} classes: those confused most at this frame.
          </p>
        ) : null}
      </div>
      {chosen && cell ? (
        <CellHistory
          film={film}
          frame={frame}
          names={chosen}
          matrix={matrix}
          matrices={matrices ?? []}
          onStep={onStep}
        />
      ) : (
        <p className={styles.note}>
          Choose a cell to select its samples and to see since when they are confused.
        </p>
      )}
      <Section title="Confused pairs" note={matrices ? `${count(pairs.length)}, last parted first` : "…"}>
        <Pairs
          film={film}
          frames={(matrices ?? []).map((each) => each.frame)}
          pairs={pairs}
          now={frame.step}
          done={matrices !== null}
          onChoose={(names) => {
            const [a, b] = names.map((name) => matrix.names.indexOf(name));
            const more =
              matrix.counts[a * matrix.names.length + b] >= matrix.counts[b * matrix.names.length + a];
            choose(more ? names : [names[1], names[0]]);
            choose(more ? [names[1], names[0]] : names, true);
            setChosen(more ? names : [names[1], names[0]]);
          }}
        />
      </Section>
    </>
  );
}
