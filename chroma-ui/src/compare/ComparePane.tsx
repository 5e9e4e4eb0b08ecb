import { useEffect, useMemo, useRef, useState } from "react";
import { Above } from "../canvas/Above";
import { FilmProgress } from "../canvas/FilmProgress";
import { HoverCard } from "../canvas/HoverCard";
import { ContoursOf, Equal } from "../canvas/StatusChip";
import { Waiting } from "../canvas/Waiting";
import { indexAt, keyAt } from "../film/samples";
import { useCamera } from "../film/useCamera";
import { useDrawing, useFilmFrame } from "../film/useFilmView";
import { useFrames } from "../film/useFrames";
import { useLit } from "../film/useLit";
import type { ShownFrame } from "../film/useShownFrame";
import { useSample } from "../inspector/useSample";
import { count, decimal } from "../lib/format";
import { useSize } from "../lib/useSize";
import type { RunEntry } from "../runs/RunPicker";
import type { Contoured } from "../scatter/clusters";
import type { Plot } from "../scatter/plot";
import { type Hover, ScatterPlot } from "../scatter/ScatterPlot";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { colouredByKept, KEPT, snapshotKey, useOverlap } from "./kept";
import { laidWords } from "./laid";
import { letterOf, PaneHead } from "./PaneHead";
import styles from "./pane.module.css";
import { numbersOf, pointsOf } from "./sampleNumbers";
import { type Span, useCompare, useCompareStore } from "./store";
import { useDragged } from "./useDragged";
import { useLaid } from "./useLaid";
import { usePane } from "./usePane";
import type { PaneContent } from "./usePanes";
import { useSampleNumbers } from "./useSampleNumbers";

type Props = {
  pane: number;
  what: PaneContent;
  runs: readonly RunEntry[];
  /** The pane this one's neighbours are compared with. */
  against: number;
  /** The range of the colour scale in all panes; null where this pane uses its own. */
  scale: Span | null;
  onSeek: (pane: number, index: number) => void;
  onRemove: (() => void) | null;
};

/** One film of the compare view. */
export function ComparePane({ pane, what, runs, against, scale, onSeek, onRemove }: Props) {
  const sharedFocus = useView((view) => view.sample);
  const byKept = useView((view) => view.colour === KEPT.name);
  const cameraFree = useView((view) => view.free.includes("camera"));
  const { setPane, setCamera, focus: setFocus } = useView.getState();
  const tool = useSelection((selection) => selection.tool);
  const chosen = useSelection((selection) => selection.samples);
  const { select } = useSelection.getState();
  const store = useCompareStore();
  const publish = useCompare((compare) => compare.publish);
  const hovered = useCompare(({ hover }) => (hover && hover.pane !== pane ? hover.sample : null));
  const other = useCompare(({ lives }) => lives.get(against) ?? null);
  const container = useRef<HTMLDivElement>(null);
  const room = useSize(container);
  const [hover, setHover] = useState<Hover | null>(null);
  const [plot, setPlot] = useState<Plot | null>(null);
  const [contoured, setContoured] = useState<Contoured | null>(null);

  const { isGone, problem, ...found } = usePane(what);
  const { run, layer, split, film } = found;
  const { frames, index, ...loaded } = useFilmFrame(film, { over: "epochs", at: null, step: what.step });
  const ready = `${film?.status} ${other?.film?.status}`;
  const overlap = useOverlap(
    byKept ? snapshotKey(found, loaded.shown?.frame.step ?? null) : null,
    byKept ? snapshotKey(other, other?.shown?.frame.step ?? null) : null,
    ready,
  );
  const coloured = useMemo(() => {
    if (!loaded.shown) return null;
    if (byKept) return colouredByKept(loaded.shown, overlap);
    const { range, colourName } = loaded.shown;
    const common = range && scale?.name === colourName;
    if (!common) return loaded.shown;
    // Panes share one scale, which follows no pane's own values.
    return { ...loaded.shown, range: [scale.low, scale.high] as [number, number], spread: NO_SPREAD };
  }, [loaded.shown, byKept, overlap, scale]);
  const sampleNumbers = useSampleNumbers(pane, found, coloured);
  const { laidOnto, place, box: laidBox } = useLaid(pane, coloured, sampleNumbers);
  const box = laidBox ?? loaded.box;
  const shown = useMemo(
    () => (coloured ? { ...coloured, points: place(coloured.points) } : null),
    [coloured, place],
  );
  const { picture, style, glideMs } = useDrawing(shown, split?.classNames);
  const lit = useLit(shown, picture, loaded.found);
  const focused = sampleNumbers && sharedFocus !== null ? sampleNumbers.indexOf(sharedFocus) : -1;
  const { sample } = useSample(
    shown && run && layer && split
      ? { runId: run.id, split: split.name, layer: layer.name, step: shown.frame.step }
      : null,
    focused >= 0 ? keyAt(shown, focused) : null,
  );
  const focus = useMemo(() => {
    if (focused < 0) return null;
    const near = shown ? (sample?.neighbors ?? []).map(({ position }) => indexAt(shown, position)) : [];
    return { index: focused, neighbours: near.filter((at) => at >= 0) };
  }, [focused, sample, shown]);
  const selected = useMemo(
    () => (sampleNumbers ? pointsOf(sampleNumbers, chosen) : new Uint32Array(0)),
    [sampleNumbers, chosen],
  );
  const echo = sampleNumbers && hovered !== null ? sampleNumbers.indexOf(hovered) : -1;

  // biome-ignore lint/correctness/useExhaustiveDependencies: what a pane found counts by its parts
  const live = useMemo(
    () => ({
      ...found,
      frames,
      index,
      shown,
      picture,
      box,
      laidOnto,
      span: spanOf(loaded.shown),
      sampleNumbers,
      sample: focused >= 0 ? sample : null,
    }),
    [run, layer, split, film, frames, index, shown, picture, box, laidOnto, sampleNumbers, sample, focused],
  );
  useEffect(() => publish(pane, live), [publish, pane, live]);
  useEffect(() => () => publish(pane, null), [publish, pane]);

  const keepView = useCamera(
    plot,
    box,
    ({ free, panes, camera }) => (free.includes("camera") ? panes[pane]?.camera : null) ?? camera,
    (camera) => (cameraFree ? setPane(pane, { camera }) : setCamera(camera)),
  );
  const { scrubTo } = useFrames(
    frames,
    loaded.framePoints,
    plot,
    (frame) => setPane(pane, { step: frame.step }),
    place,
  );
  useDragged(pane, scrubTo);
  useEffect(() => {
    if (!plot || cameraFree) return;
    return store.subscribe(({ camera }, before) => {
      if (camera && camera !== before.camera && camera.pane !== pane) plot.follow(camera.place);
    });
  }, [plot, cameraFree, store, pane]);

  const point = (next: Hover | null) => {
    setHover(next);
    const sample = next && sampleNumbers ? sampleNumbers.numbers[next.index] : null;
    if (sample !== null) store.getState().setHover({ pane, sample });
    else if (store.getState().hover?.pane === pane) store.getState().setHover(null);
  };
  const trust = shown?.frame.trustworthiness ?? null;

  return (
    <section className={styles.pane} aria-label={`Pane ${letterOf(pane)}`} data-testid="pane">
      <PaneHead
        pane={pane}
        what={what}
        runs={runs}
        run={run}
        layer={layer?.name ?? null}
        split={split?.name ?? null}
        frames={frames}
        index={index}
        onSeek={(at) => onSeek(pane, at)}
        onRemove={onRemove}
      />
      <div ref={container} className={styles.canvas} onPointerLeave={() => point(null)}>
        <ScatterPlot
          pane={pane}
          shown={shown}
          picture={picture}
          box={box}
          style={{ ...style, covered: () => PANE_COVERED }}
          glideMs={glideMs}
          focus={focus}
          tool={tool}
          selected={selected}
          lit={lit}
          trails={null}
          echo={echo >= 0 ? echo : null}
          onHover={point}
          onPick={(at) => sampleNumbers && setFocus(sampleNumbers.numbers[at])}
          onSelect={(indices, manner) => sampleNumbers && select(numbersOf(sampleNumbers, indices), manner)}
          onView={(seen) => {
            if (hover) point(null);
            keepView(seen);
            if (seen.led && !cameraFree) store.getState().setCamera({ pane, place: seen.place });
          }}
          onContours={setContoured}
          onPlot={setPlot}
        />
        {shown && picture ? (
          <p className={styles.chip} data-testid="pane-chip">
            <span>
              <b>{count(picture.scene.drawn.length)}</b> of <b>{count(shown.points.n)}</b>
            </span>
            <ContoursOf contoured={contoured} />
            <Equal frame={shown.frame} />
            {trust !== null ? (
              <span title="Trustworthiness (Venna & Kaski 2001, k = 15)">
                trustworthiness <b>{decimal(trust)}</b>
              </span>
            ) : null}
            {laidOnto ? (
              <span title={laidWords(laidOnto, letterOf(pane))} data-testid="pane-laid">
                {laidOnto.fit ? (
                  <>
                    laid onto A, residual <b>{decimal(laidOnto.fit.residual)}</b>
                  </>
                ) : (
                  "not laid onto A"
                )}
              </span>
            ) : null}
            {shown.revision.preview ? <em>{shown.revision.method.toUpperCase()} preview</em> : null}
          </p>
        ) : null}
        {shown && picture && split && hover && hover.index < shown.points.n ? (
          <HoverCard
            hover={hover}
            shown={shown}
            split={split}
            classColours={picture.classColours}
            room={room}
          />
        ) : null}
        <Waiting
          shown={shown}
          wanted={frames[index] ?? null}
          film={
            layer && split && !isGone && !problem && !loaded.problem
              ? { split: split.name, layer: layer.name }
              : null
          }
        />
        {shown && focused < 0 && sharedFocus !== null && sampleNumbers ? (
          <p className={styles.absent}>The sample in focus is not in this film.</p>
        ) : null}
        {isGone || problem || loaded.problem ? (
          <p className={styles.problem} role="alert">
            {isGone ? "This run is not here: choose another one." : (problem ?? loaded.problem)}
          </p>
        ) : (
          <Above>
            <FilmProgress film={film} onRequest={found.requestFilm} />
          </Above>
        )}
      </div>
    </section>
  );
}

/** The chip of a pane. */
const PANE_COVERED = { left: 0, top: 0, bottom: 30 };
const NO_SPREAD = new Float32Array(0);

function spanOf(shown: ShownFrame | null): Span | null {
  if (!shown?.range || !shown.colourName) return null;
  const [low, high] = shown.range;
  return { name: shown.colourName, low, high };
}
