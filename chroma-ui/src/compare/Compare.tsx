import { type CSSProperties, useCallback, useMemo, useRef, useState } from "react";
import { Above } from "../canvas/Above";
import { useFilmKeys } from "../film/useFilmKeys";
import { LeftPanel } from "../legend/LeftPanel";
import { useSize } from "../lib/useSize";
import { useTitle } from "../lib/useTitle";
import { useRuns } from "../runs/useRuns";
import { SelectionBar } from "../selection/SelectionBar";
import { useKeptSelection } from "../selection/useKeptSelection";
import { MOST_PANES, type Pane } from "../state/panes";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { Help } from "../ui/Help";
import { CompareHead } from "./CompareHead";
import { ComparePane } from "./ComparePane";
import { CompareSide } from "./CompareSide";
import styles from "./compare.module.css";
import { Differences } from "./Differences";
import { FocusCard } from "./FocusCard";
import { columnsFor } from "./grid";
import { KEPT } from "./kept";
import { Numbers } from "./Numbers";
import { Outcomes } from "./Outcomes";
import {
  CompareProvider,
  createCompareStore,
  type PaneLive,
  type Span,
  useCompare,
  useCompareStore,
} from "./store";
import { TimeBar } from "./TimeBar";
import { counterpart, leaderOf, measureOf } from "./time";
import { usePanes } from "./usePanes";

const COMPARED = [KEPT];

/** Films side by side; camera, time, focus and selection are shared. */
export default function Compare() {
  const [store] = useState(createCompareStore);
  return (
    <CompareProvider value={store}>
      <SideBySide />
    </CompareProvider>
  );
}

function SideBySide() {
  const panes = usePanes();
  const free = useView((view) => view.free);
  const against = useView((view) => view.against);
  const playing = useView((view) => view.playing);
  const { setPane, setAgainst, compare, focus, setPlaying } = useView.getState();
  const store = useCompareStore();
  const found = useCompare(({ lives }) => lives);
  const [help, setHelp] = useState(false);
  const [panel, setPanel] = useState<"left" | "right" | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  const room = useSize(grid);
  const runs = useRuns(panes.flatMap(({ run }) => run ?? [])).runs ?? [];
  const named = [...new Set(panes.map((pane) => runs.find(({ id }) => id === pane.run)?.name ?? ""))];
  useTitle(named.filter(Boolean).join(" and "), "side by side");

  const lives = useMemo(
    () => panes.flatMap((_, pane) => found.get(pane) ?? ([] as PaneLive[])),
    [panes, found],
  );
  const whole = lives.length === panes.length;
  const films = lives.map((live) => live.frames);
  const measure = measureOf(films);
  const span = sharedSpan(lives);
  const [name, low, high] = [span?.name, span?.low, span?.high];
  // The same object while its values are the same: the panes redraw when it changes.
  const scale = useMemo(
    (): Span | null =>
      name === undefined || low === undefined || high === undefined ? null : { name, low, high },
    [name, low, high],
  );

  const seek = useCallback(
    (pane: number, index: number) => {
      const { lives } = store.getState();
      const { panes, free } = useView.getState();
      const from = lives.get(pane)?.frames ?? [];
      const all = panes.map((_, at) => lives.get(at)?.frames ?? []);
      const how = measureOf(all.filter((frames) => frames.length));
      panes.forEach((_, at) => {
        if (at !== pane && free.includes("time")) return;
        const next = at === pane ? index : counterpart(from, index, all[at], how);
        const frame = all[at][next];
        if (frame) setPane(at, { step: frame.step });
      });
    },
    [store, setPane],
  );
  const stepBy = (by: number) => {
    setPlaying(false);
    if (free.includes("time") || !films.length) return;
    const leader = leaderOf(films);
    const last = films[leader].length - 1;
    seek(leader, Math.min(last, Math.max(0, lives[leader].index + by)));
  };
  const fit = () => {
    store.getState().setCamera({ pane: -1, place: { x: 0, y: 0, zoom: 1 } });
    useView.getState().resetCameras();
  };
  useFilmKeys({
    onPlay: () => setPlaying(!playing && !free.includes("time")),
    onStep: stepBy,
    onFit: fit,
    onHelp: () => setHelp(true),
    onEscape: () => (useView.getState().sample === null ? useSelection.getState().clear() : focus(null)),
  });

  const first = lives[0] ?? null;
  useKeptSelection(first?.run?.id ?? null, first?.split?.name ?? null);
  const columns = columnsFor(panes.length, room);
  const pair = Math.min(against, panes.length - 1);
  return (
    <div className={styles.compare} data-panel={panel ?? undefined} data-testid="compare-view">
      <CompareHead
        first={first}
        full={panes.length >= MOST_PANES}
        nameOf={(id) => runs.find((run) => run.id === id)?.name ?? null}
        onAdd={() => compare(withCopyOfLast(useView.getState().panes))}
        onHelp={() => setHelp(true)}
        onPanel={(side) => setPanel((before) => (before === side ? null : side))}
      />
      <aside className={styles.left} aria-label="Colours">
        <p className={styles.whose}>Colours and filters apply to all panes; counts are those of pane A.</p>
        <LeftPanel
          columns={first?.film?.columns ?? []}
          more={COMPARED}
          shown={first?.shown ?? null}
          picture={first?.picture ?? null}
        />
      </aside>
      <main
        ref={grid}
        className={styles.grid}
        style={
          {
            gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
            "--last-column": ((panes.length - 1) % columns) + 1,
          } as CSSProperties
        }
      >
        {first?.shown ? (
          <div className={styles.acts}>
            <Above>
              <SelectionBar shown={first.shown} projects={false} />
            </Above>
          </div>
        ) : null}
        {panes.map((what, pane) => (
          <ComparePane
            // biome-ignore lint/suspicious/noArrayIndexKey: a pane keeps its place while what it shows changes
            key={pane}
            pane={pane}
            what={what}
            runs={runs}
            against={pane === 0 ? pair : 0}
            scale={scale}
            onSeek={seek}
            onRemove={
              panes.length > 1 ? () => compare(useView.getState().panes.filter((_, at) => at !== pane)) : null
            }
          />
        ))}
      </main>
      <TimeBar lives={lives} measure={measure} onSeek={seek} onFit={fit} />
      <aside className={styles.right} aria-label="Differences">
        <CompareSide
          first={first}
          numbers={whole ? <Numbers lives={lives} /> : null}
          outcomes={
            whole && first && panes.length > 1 ? (
              <Outcomes one={first} lives={lives} against={pair} onAgainst={setAgainst} />
            ) : null
          }
        >
          <FocusCard lives={lives} />
          {whole && first && panes.length > 1 ? (
            <Differences one={first} lives={lives} against={pair} onAgainst={setAgainst} />
          ) : null}
        </CompareSide>
      </aside>
      <Help open={help} onOpenChange={setHelp} />
    </div>
  );
}

const withCopyOfLast = (panes: readonly Pane[]) => [...panes, panes[panes.length - 1]];

/** One scale for a numeric colour in all panes: the union of their ranges. */
function sharedSpan(lives: readonly PaneLive[]): Span | null {
  const name = lives[0]?.span?.name;
  const spans = lives.flatMap(({ span }) => (span && span.name === name ? [span] : []));
  if (!name) return null;
  return {
    name,
    low: Math.min(...spans.map(({ low }) => low)),
    high: Math.max(...spans.map(({ high }) => high)),
  };
}
