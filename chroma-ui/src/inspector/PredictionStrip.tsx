import { useEffect, useState } from "react";
import { fetchColumn } from "../api/bytes";
import { decimal } from "../lib/format";
import type { ShownFrame } from "../scatter/useShownFrame";
import { Section } from "../ui/controls";
import styles from "./inspector.module.css";

type Moment = { step: number; epoch: number | null; prediction: string | null; confidence: number };

/** What the model said of one sample in each frame. */
function useMoments({ film, revision }: ShownFrame, index: number): Moment[] {
  const [moments, setMoments] = useState<Moment[]>([]);
  useEffect(() => {
    let current = true;
    const find = (name: string) => film.columns.find((column) => column.name === name);
    const [prediction, confidence] = [find("prediction"), find("confidence")];
    if (!prediction) {
      setMoments([]);
      return;
    }
    const load = async () => {
      const loaded = await Promise.all(
        revision.frames.map(async (frame): Promise<Moment> => {
          const [said, sure] = await Promise.all([
            fetchColumn(film, prediction, frame),
            confidence ? fetchColumn(film, confidence, frame) : null,
          ]);
          return {
            step: frame.step,
            epoch: frame.epoch,
            prediction: said.kind === "categorical" ? (said.legend[said.codes[index]] ?? null) : null,
            confidence: sure?.kind === "numeric" ? sure.values[index] : 1,
          };
        }),
      );
      if (current) setMoments(loaded);
    };
    load().catch(() => {
      if (current) setMoments([]);
    });
    return () => {
      current = false;
    };
  }, [film, revision, index]);
  return moments;
}

type Props = {
  shown: ShownFrame;
  index: number;
  classColours: Map<string, string>;
  onSeek: (frame: number) => void;
};

export function PredictionStrip({ shown, index, classColours, onSeek }: Props) {
  const moments = useMoments(shown, index);
  if (moments.length < 2) return null;
  const [first, last] = [moments[0], moments[moments.length - 1]];
  const span =
    first.epoch === null || last.epoch === null ? "by step" : `epoch ${first.epoch} → ${last.epoch}`;
  return (
    <Section title="Prediction" note={span}>
      <div className={styles.strip} data-testid="prediction-strip">
        {moments.map((moment, at) => {
          const sure = Number.isFinite(moment.confidence) ? moment.confidence : 0;
          const colour = moment.prediction === null ? undefined : classColours.get(moment.prediction);
          const when = moment.epoch === null ? `step ${moment.step}` : `epoch ${moment.epoch}`;
          return (
            <button
              key={moment.step}
              type="button"
              className={styles.cell}
              data-now={moment.step === shown.frame.step || undefined}
              aria-label={`${when}: ${moment.prediction ?? "not known"}, confidence ${decimal(moment.confidence)}`}
              title={`${when}: ${moment.prediction ?? "not known"}, confidence ${decimal(moment.confidence)}`}
              onClick={() => onSeek(at)}
            >
              <span style={{ background: colour ?? "var(--line-strong)", opacity: 0.25 + 0.75 * sure }} />
              {moments.length <= 16 ? <small>{moment.prediction ?? "–"}</small> : null}
            </button>
          );
        })}
      </div>
    </Section>
  );
}
