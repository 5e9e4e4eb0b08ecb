import { useEffect, useMemo, useRef, useState } from "react";
import { FilmProgress } from "../canvas/FilmProgress";
import { HoverCard } from "../canvas/HoverCard";
import { composePicture } from "../film/picture";
import { indexAt } from "../film/positions";
import { useCamera } from "../film/useCamera";
import { useFrames } from "../film/useFrames";
import { type ShownFrame, useShownFrame } from "../film/useShownFrame";
import { useSample } from "../inspector/useSample";
import { count, decimal } from "../lib/format";
import { useSize } from "../lib/useSize";
import { useReducedMotion, useShade } from "../lib/useTheme";
import { pickFrame } from "../runs/choices";
import type { RunEntry } from "../runs/RunPicker";
import type { Plot } from "../scatter/plot";
import { type Hover, ScatterPlot } from "../scatter/ScatterPlot";
import type { Pane } from "../state/panes";
import { usePreferences } from "../state/preferences";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { glideFor } from "../timeline/usePlayer";
import styles from "./compare.module.css";
import { colouredByKept, KEPT, momentOf, useOverlap } from "./kept";
import { letterOf, PaneHead } from "./PaneHead";
import { numbersOf, pointsOf } from "./sampleNumbers";
import { type Span, useCompare, useCompareStore } from "./store";
import { useDragged } from "./useDragged";
import { usePane } from "./usePane";
import { useSampleNumbers } from "./useSampleNumbers";

type Props = {
  pane: number;
  what: Pane;
  runs: readonly RunEntry[];
  /** The pane this one's neighbours are compared with. */
  against: number;
  /** What the colour scale spans in all panes; null where this pane may choose. */
  scale: Span | null;
  onSeek: (pane: number, index: number) => void;
  onRemove: (() => void) | null;
};

const STEP_GLIDE_MS = 420;
const NOTHING: never[] = [];

/** One film of the compare view, at one moment. */
export function ComparePane({ pane, what, runs, against, scale, onSeek, onRemove }: Props) {
  const view = useView();
  const { openFacets, speed } = usePreferences();
  const shade = useShade();
  const still = useReducedMotion();
  const { tool, positions: chosen, select } = useSelection();
  const store = useCompareStore();
  const publish = useCompare((compare) => compare.publish);
  const hovered = useCompare(({ hover }) => (hover && hover.pane !== pane ? hover.sample : null));
  const other = useCompare(({ lives }) => lives.get(against) ?? null);
  const container = useRef<HTMLDivElement>(null);
  const room = useSize(container);
  const [hover, setHover] = useState<Hover | null>(null);
  const [plot, setPlot] = useState<Plot | null>(null);

  const { isGone, problem, ...found } = usePane(what);
  const { run, layer, split, film } = found;
  const frames = film?.revision?.frames ?? NOTHING;
  const index = pickFrame(frames, { over: "epochs", at: null, step: what.step });
  const { filters, hidden, colour, look } = view;
  const wanted = useMemo(
    () => [...new Set([...openFacets, ...filters.map(({ column }) => column)])].sort(),
    [openFacets, filters],
  );
  const loaded = useShownFrame(film, frames[index] ?? null, colour, wanted);
  const ready = `${film?.status} ${other?.film?.status}`;
  const byKept = colour === KEPT.name;
  const overlap = useOverlap(
    byKept ? momentOf(found, loaded.shown?.frame.step ?? null) : null,
    byKept ? momentOf(other, other?.shown?.frame.step ?? null) : null,
    ready,
  );
  const shown = useMemo(() => {
    if (!loaded.shown) return null;
    if (byKept) return overlap ? colouredByKept(loaded.shown, overlap) : loaded.shown;
    const { range, colourName } = loaded.shown;
    const common = range && scale?.name === colourName;
    return common ? { ...loaded.shown, range: [scale.low, scale.high] as [number, number] } : loaded.shown;
  }, [loaded.shown, byKept, overlap, scale]);
  const classNames = split?.classNames;
  const picture = useMemo(
    () =>
      shown
        ? composePicture(shown, { shade, safe: look.safe, classNames: classNames ?? [], hidden, filters })
        : null,
    [shown, shade, look.safe, classNames, hidden, filters],
  );

  const sampleNumbers = useSampleNumbers(pane, found, shown);
  const focused = sampleNumbers && view.sample !== null ? sampleNumbers.indexOf(view.sample) : -1;
  const positionOf = (at: number) => (shown?.position ? shown.position.values[at] : at);
  const { sample } = useSample(
    shown && run && layer && split
      ? { runId: run.id, split: split.name, layer: layer.name, step: shown.frame.step }
      : null,
    focused >= 0 ? positionOf(focused) : null,
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
      span: spanOf(loaded.shown),
      sampleNumbers,
      sample: focused >= 0 ? sample : null,
    }),
    [run, layer, split, film, frames, index, shown, picture, sampleNumbers, sample, focused],
  );
  useEffect(() => publish(pane, live), [publish, pane, live]);
  useEffect(() => () => publish(pane, null), [publish, pane]);

  const cameraFree = view.free.includes("camera");
  const keepView = useCamera(plot, loaded.box, (cameraFree ? what.camera : null) ?? view.camera, (camera) =>
    cameraFree ? view.setPane(pane, { camera }) : useView.setState({ camera }),
  );
  const { scrubTo } = useFrames(frames, loaded.framePoints, plot, (frame) =>
    view.setPane(pane, { step: frame.step }),
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
  const glideMs = still ? 0 : view.playing ? glideFor(speed) : STEP_GLIDE_MS;
  const trust = shown?.frame.trustworthiness ?? null;

  return (
    <section className={styles.pane} aria-label={`Pane ${letterOf(pane)}`} data-testid="pane">
      <PaneHead
        pane={pane}
        what={what}
        runs={runs}
        run={run}
        layer={layer?.name ?? null}
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
          box={loaded.box}
          style={{ shade, ...look, coveredPx: 0 }}
          glideMs={glideMs}
          focus={focus}
          tool={tool}
          selected={selected}
          trails={null}
          echo={echo >= 0 ? echo : null}
          onHover={point}
          onPick={(at) => sampleNumbers && view.focus(sampleNumbers.numbers[at])}
          onSelect={(indices, manner) => sampleNumbers && select(numbersOf(sampleNumbers, indices), manner)}
          onView={(seen) => {
            if (hover) point(null);
            keepView(seen);
            if (seen.led && !cameraFree) store.getState().setCamera({ pane, place: seen.place });
          }}
          onPlot={setPlot}
        />
        {shown && picture ? (
          <p className={styles.chip} data-testid="pane-chip">
            <span>
              <b>{count(picture.scene.drawn.length)}</b> of <b>{count(shown.points.n)}</b>
            </span>
            {trust !== null ? (
              <span title="Trustworthiness (Venna & Kaski 2001, k = 15)">
                trust <b>{decimal(trust)}</b>
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
        {shown && focused < 0 && view.sample !== null && sampleNumbers ? (
          <p className={styles.absent}>The sample in focus is not in this film.</p>
        ) : null}
        {isGone || problem || loaded.problem ? (
          <p className={styles.problem} role="alert">
            {isGone ? "This run is not here: choose another one." : (problem ?? loaded.problem)}
          </p>
        ) : (
          <FilmProgress film={film} onAsk={found.askFilm} />
        )}
      </div>
    </section>
  );
}

function spanOf(shown: ShownFrame | null): Span | null {
  if (!shown?.range || !shown.colourName) return null;
  const [low, high] = shown.range;
  return { name: shown.colourName, low, high };
}
