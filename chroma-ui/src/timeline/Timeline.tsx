import { useState } from "react";
import { useShallow } from "zustand/react/shallow";
import type { Film, Frame } from "../api/bytes";
import { momentOf, shortened, spoken, tickOf } from "../film/frameNames";
import { count } from "../lib/format";
import { SPEEDS, usePreferences } from "../state/preferences";
import { useView } from "../state/view";
import { IconButton } from "../ui/Button";
import { Loop } from "../ui/icons";
import { Tip } from "../ui/Tip";
import { CurveList } from "./CurveList";
import { drawnAtFirst, filmCurves, inOrder, type MetricSeries, metricCurves, readingAt } from "./curves";
import { FilmStrip } from "./FilmStrip";
import type { Mark } from "./Marks";
import { PlayButton } from "./PlayButton";
import styles from "./timeline.module.css";
import { togglePlay } from "./usePlayer";

type Props = {
  film: Film;
  frames: readonly Frame[];
  index: number;
  metrics: readonly MetricSeries[];
  /** What happened in the run. */
  marks: readonly Mark[];
  /** A position on the slider, between frames while it is dragged; null when it is released. */
  onScrub: (at: number | null) => void;
  /** Computes all frames together again. */
  onRefine: () => void;
};

export const INKS = [
  "var(--teal)",
  "var(--accent)",
  "var(--bad)",
  "var(--warn)",
  "var(--good)",
  "#4cb5ff",
  "#f58fd0",
];

/** An ink for each curve: its own, or a free one where a curve that is drawn has it. */
function inksFor(drawn: readonly boolean[]): string[] {
  const taken = new Set<string>();
  return drawn.map((isDrawn, place) => {
    const own = INKS[place % INKS.length];
    const ink = isDrawn && taken.has(own) ? (INKS.find((each) => !taken.has(each)) ?? own) : own;
    if (isDrawn) taken.add(ink);
    return ink;
  });
}

export function Timeline({ film, frames, index, metrics, marks, onScrub, onRefine }: Props) {
  const playing = useView((view) => view.playing);
  const { speed, loop, mutedCurves } = usePreferences(
    useShallow(({ speed, loop, mutedCurves }) => ({ speed, loop, mutedCurves })),
  );
  const { set } = usePreferences.getState();
  const frame = frames[index];
  const last = frames[frames.length - 1];
  const byEpoch = frame.epoch !== null;
  const overEpochs = film.axis === "EPOCHS";
  const [pointed, setPointed] = useState<string | null>(null);
  // Metrics belong to the steps of one run.
  const found = [
    ...filmCurves(frames, film.knnAgreement),
    ...(overEpochs ? metricCurves(metrics, frames) : []),
  ];
  const curves = inOrder(found);
  const first = drawnAtFirst(curves);
  const isDrawn = (name: string) =>
    mutedCurves.includes(`+${name}`) || (first.has(name) && !mutedCurves.includes(name));
  const inks = inksFor(curves.map(({ name }) => isDrawn(name)));
  const listed = curves.map((curve, place) => ({
    ...curve,
    ink: inks[place],
    on: isDrawn(curve.name),
    reading: readingAt(curve, frames, index),
  }));
  const names = new Set(curves.map(({ name }) => name));
  const isOurs = (muted: string) => names.has(muted) || names.has(muted.slice(1));

  const toggle = (curve: { name: string; on: boolean }) => {
    const rest = mutedCurves.filter((name) => name !== curve.name && name !== `+${curve.name}`);
    set({ mutedCurves: [...rest, curve.on ? curve.name : `+${curve.name}`] });
  };
  const reset = () => set({ mutedCurves: mutedCurves.filter((muted) => !isOurs(muted)) });
  const nextSpeed = SPEEDS[(SPEEDS.findIndex((choice) => choice >= speed) + 1) % SPEEDS.length];

  return (
    <section className={styles.timeline} aria-label="Film" data-testid="timeline">
      <PlayButton playing={playing} disabled={frames.length < 2} onToggle={() => togglePlay(frames, index)} />
      <div className={styles.moment}>
        <p>
          <span
            className={overEpochs ? styles.epoch : styles.named}
            title={spoken(frame, film.axis)}
            data-testid="epoch"
            data-index={frame.index}
            data-step={frame.step}
          >
            {overEpochs
              ? byEpoch
                ? frame.epoch
                : count(frame.step)
              : shortened(tickOf(frame, film.axis), 18)}
          </span>
          <span className={styles.of}>
            / {!overEpochs ? frames.length : byEpoch ? `${last.epoch} epoch` : `${count(last.step)} step`}
          </span>
        </p>
        <p className={styles.details}>
          <Tip text="Speed" side="top">
            <button
              type="button"
              className={styles.speed}
              aria-label={`Speed ${speed}×`}
              onClick={() => set({ speed: nextSpeed })}
            >
              {speed}×
            </button>
          </Tip>
          <IconButton
            label={loop ? "Repeats" : "Stops at the end"}
            side="top"
            aria-pressed={loop}
            className={styles.loop}
            onClick={() => set({ loop: !loop })}
          >
            <Loop size={13} />
          </IconButton>
          {film.refinable && film.status === "READY" ? (
            <Tip
              text={
                film.revision?.landmarks
                  ? "Draw every sample in full: those placed among landmarks get better positions"
                  : "Draw all frames together again: appended frames get better positions"
              }
              side="top"
            >
              <button type="button" className={styles.speed} data-testid="refine" onClick={onRefine}>
                Refine
              </button>
            </Tip>
          ) : null}
          {overEpochs && !byEpoch ? null : (
            <span>{overEpochs ? `step ${count(frame.step)}` : momentOf(frame)}</span>
          )}
        </p>
        {film.snapshotCount > frames.length ? (
          <Tip
            text={`The film shows ${frames.length} of the ${film.snapshotCount} snapshots taken`}
            side="top"
          >
            <p className={styles.thinned} data-testid="frames-of">
              {count(frames.length)} of {count(film.snapshotCount)}{" "}
              {film.axis === "EPOCHS" ? "snapshots" : film.axis.toLowerCase()}
            </p>
          </Tip>
        ) : null}
      </div>
      <FilmStrip
        frames={frames}
        axis={film.axis}
        index={index}
        curves={listed.filter((curve) => curve.on)}
        pointed={pointed}
        onScrub={onScrub}
        marks={overEpochs ? marks : undefined}
      />
      <CurveList
        curves={listed}
        onToggle={toggle}
        onPoint={setPointed}
        onReset={mutedCurves.some(isOurs) ? reset : null}
      />
    </section>
  );
}
