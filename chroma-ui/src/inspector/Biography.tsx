import { useRef } from "react";
import type { ShownFrame } from "../film/useShownFrame";
import { decimal, percent } from "../lib/format";
import { useSize } from "../lib/useSize";
import { Section } from "../ui/controls";
import styles from "./biography.module.css";
import { learnedOf, whenOf } from "./learned";
import { brokenLine, stopsOf } from "./series";
import { type HistoryEntry, useBiography } from "./useBiography";
import type { Place } from "./useSample";

type Props = {
  shown: ShownFrame;
  /** The run, split, layer and step of the sample. */
  place: Place;
  position: number;
  /** Of the sample; null where it is not known which prediction would be right. */
  label: string | null;
  classColours: Map<string, string>;
  /** Goes to a step of the film; null where the frames do not run over steps. */
  onStep: ((step: number) => void) | null;
};

type Line = {
  name: string;
  hint: string;
  scale: readonly [number, number];
  read: (moment: HistoryEntry) => number | null;
  text: (value: number) => string;
};

const LINES: readonly Line[] = [
  {
    name: "confidence",
    hint: "Probability of the prediction",
    scale: [0, 1],
    read: (moment) => moment.confidence,
    text: (value) => decimal(value, 2),
  },
  {
    name: "margin",
    hint: "Probability of the label minus that of the most likely other class; below the line the prediction is wrong",
    scale: [-1, 1],
    read: (moment) => moment.margin,
    text: (value) => decimal(value, 2),
  },
  {
    name: "kNN agreement",
    hint: "Share of the 15 nearest neighbours in the full space that have the same label",
    scale: [0, 1],
    read: (moment) => moment.agreement,
    text: percent,
  },
  {
    name: "neighbours kept",
    hint: "Share of the previous epoch's nearest neighbours that are still among them",
    scale: [0, 1],
    read: (moment) => moment.kept,
    text: percent,
  },
];
const HEIGHT = 26;
/** Names of more predictions than this do not fit. */
const MOST_NAMES = 16;

/** One sample through the epochs: its predictions, their confidence, and its neighbours. */
export function Biography({ shown, place, position, label, classColours, onStep }: Props) {
  const { moments } = useBiography(shown, place, position);
  if (moments.length < 2) return null;
  const now = moments.findIndex((moment) => moment.step === shown.frame.step);
  const lines = LINES.filter((line) => moments.some((moment) => line.read(moment) !== null));
  const said = moments.some((moment) => moment.prediction !== null);
  if (lines.length === 0 && !said) return null;
  const learned = learnedOf(moments, label);
  const [first, last] = [moments[0], moments[moments.length - 1]];
  return (
    <Section title="Biography" note={`${whenOf(first)} → ${last.epoch ?? last.step}`}>
      {learned ? (
        <p className={styles.learned} data-testid="learned">
          {learned}
        </p>
      ) : null}
      <div className={styles.rows} data-testid="biography">
        {said ? (
          <Predictions moments={moments} now={now} classColours={classColours} onStep={onStep} />
        ) : null}
        {lines.map((line) => (
          <Row key={line.name} line={line} moments={moments} now={now} onStep={onStep} />
        ))}
      </div>
    </Section>
  );
}

function Predictions(props: {
  moments: readonly HistoryEntry[];
  now: number;
  classColours: Map<string, string>;
  onStep: Props["onStep"];
}) {
  const { moments, now, classColours } = props;
  return (
    <div className={styles.row}>
      <span className={styles.name}>prediction</span>
      <div className={styles.strip} data-testid="prediction-strip">
        {moments.map((moment, at) => {
          const text = `${whenOf(moment)}: ${moment.prediction ?? "not known"}, confidence ${decimal(moment.confidence)}`;
          return (
            <button
              key={moment.step}
              type="button"
              className={styles.cell}
              data-now={at === now || undefined}
              aria-label={text}
              title={text}
              disabled={props.onStep === null}
              onClick={() => props.onStep?.(moment.step)}
            >
              <span
                style={{
                  background: classColours.get(moment.prediction ?? "") ?? "var(--line-strong)",
                  opacity: 0.25 + 0.75 * (moment.confidence ?? 0),
                }}
              />
              {moments.length <= MOST_NAMES ? <small>{moment.prediction ?? "–"}</small> : null}
            </button>
          );
        })}
      </div>
      <b className={styles.value}>{moments[now]?.prediction ?? "–"}</b>
    </div>
  );
}

function Row(props: { line: Line; moments: readonly HistoryEntry[]; now: number; onStep: Props["onStep"] }) {
  const { line, moments, now } = props;
  const field = useRef<HTMLButtonElement>(null);
  const { width } = useSize(field);
  const cell = width / moments.length;
  // Stops are in the middle of their cells, under the predictions.
  const stops = stopsOf(moments.map(line.read), line.scale, Math.max(0, width - cell), HEIGHT);
  const at = stops[now];
  const value = moments[now] ? line.read(moments[now]) : null;
  const [low, high] = line.scale;
  const zero = low < 0 ? HEIGHT * (high / (high - low)) : null;
  return (
    <div className={styles.row} title={line.hint}>
      <span className={styles.name}>{line.name}</span>
      <button
        ref={field}
        type="button"
        className={styles.chart}
        data-testid={`biography-${line.name}`}
        disabled={props.onStep === null}
        aria-label={`${line.name} through ${moments.length} epochs: ${moments
          .map((moment) => {
            const known = line.read(moment);
            return known === null ? "not known" : line.text(known);
          })
          .join(", ")}`}
        onClick={(event) => {
          const left = event.currentTarget.getBoundingClientRect().left;
          const place = Math.floor((event.clientX - left) / Math.max(1, cell));
          const moment = moments[Math.min(moments.length - 1, Math.max(0, place))];
          if (event.detail > 0) props.onStep?.(moment.step);
        }}
      >
        <svg width={width} height={HEIGHT + 6} aria-hidden="true">
          <g transform={`translate(${cell / 2}, 3)`}>
            {zero === null ? null : (
              <line className={styles.zero} x1={-cell / 2} x2={width} y1={zero} y2={zero} />
            )}
            <path className={styles.line} d={brokenLine(stops)} />
            {at ? <circle className={styles.dot} cx={at.x} cy={at.y} r={3.2} /> : null}
          </g>
        </svg>
      </button>
      <b className={styles.value}>{value === null ? "–" : line.text(value)}</b>
    </div>
  );
}
