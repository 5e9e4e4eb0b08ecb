import { type CSSProperties, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import { FilmCanvas } from "../canvas/FilmCanvas";
import { FilmProgress } from "../canvas/FilmProgress";
import { OnlyChip } from "../canvas/OnlyChip";
import { Waiting } from "../canvas/Waiting";
import { spoken } from "../film/frameNames";
import { keyAt } from "../film/samples";
import { useCamera } from "../film/useCamera";
import { useFilmKeys } from "../film/useFilmKeys";
import { useDrawing, useFilmFrame } from "../film/useFilmView";
import { useFrames, useTrails } from "../film/useFrames";
import { ORBIT_BOX, useOrbit } from "../film/useOrbit";
import { useSelectedPoints } from "../film/useSelectedPoints";
import { useMarks } from "../findings/useMarks";
import { useFocus } from "../inspector/useFocus";
import { useReducedMotion } from "../lib/useTheme";
import { useTitle } from "../lib/useTitle";
import { commandsFor, commandsForRun } from "../palette/commands";
import { Palette } from "../palette/Palette";
import { splitsOf } from "../runs/splits";
import { TopBar } from "../runs/TopBar";
import type { Plot } from "../scatter/plot";
import { useKeptSelection } from "../selection/useKeptSelection";
import { useConnection } from "../state/connection";
import { type Layout, SIDES, type Side } from "../state/layout";
import { notify } from "../state/notices";
import { useSelection } from "../state/selection";
import { useView, type ViewState } from "../state/view";
import { Timeline } from "../timeline/Timeline";
import { togglePlay, usePlayer } from "../timeline/usePlayer";
import { Help } from "../ui/Help";
import { Dock } from "./Dock";
import { messageFor } from "./messageFor";
import { PanelList } from "./PanelList";
import type { PanelProps } from "./panelProps";
import { UndoButtons } from "./UndoButtons";
import { useDocks } from "./useDocks";
import { useOpenRun } from "./useOpenRun";
import { useSampleKeys } from "./useSampleKeys";
import styles from "./Workspace.module.css";

const NOTHING: never[] = [];
const cameraOf = (view: ViewState) => view.camera;

/** Sizes that a person chose; the style sheet has the usual ones. */
const sizeStyle = (sizes: Layout["sizes"]): CSSProperties =>
  Object.fromEntries(
    SIDES.flatMap((side) => (sizes[side] === null ? [] : [[`--${side}`, `${sizes[side]}px`]])),
  );

export function Workspace() {
  const choice = useView(useShallow(({ over, at, step }) => ({ over, at, step })));
  const trailsOn = useView((view) => view.appearance.trails);
  const { focus, openRun, seekFrame, setCamera, setAppearance, setPlaying } = useView.getState();
  const unauthorised = useConnection(({ status }) => status === "unauthorised");
  const reducedMotion = useReducedMotion();
  const [help, setHelp] = useState(false);
  const [searching, setSearching] = useState(false);
  const [panel, setPanel] = useState<"left" | "right" | null>(null);
  const [listing, setListing] = useState(false);
  const [plot, setPlot] = useState<Plot | null>(null);
  const open = useOpenRun();
  const { runs, run, layer, split, film } = open;

  const { frames, index, shown, found, box, framePoints, problem } = useFilmFrame(film, choice);
  const { picture, style, glideMs } = useDrawing(shown, split?.classNames);
  const orbit = useOrbit(film, frames[index] ?? null);
  usePlayer(frames, index, shown?.frame.digest ?? null);
  const onView = useCamera(plot, orbit.space ? ORBIT_BOX : box, cameraOf, setCamera);
  const { seekTo, seekStep, scrubTo } = useFrames(frames, framePoints, plot, seekFrame);
  const focusOf = useFocus(shown);
  const { focused } = focusOf;
  // A selection of several splits is kept under the first of them.
  useKeptSelection(run?.id ?? null, (run && split && splitsOf(run, split.name)[0]) ?? null);
  const trails = useTrails(framePoints, index, useSelectedPoints(shown), focused?.index ?? null, trailsOn);

  const sampleKeys = useSampleKeys(plot, shown, picture, focused?.index ?? null);
  useFilmKeys(
    {
      onPlay: () => togglePlay(frames, index),
      onStep: (by) => {
        setPlaying(false);
        seekTo(index + by);
      },
      onFit: () => plot?.fit(),
      onHelp: () => setHelp(true),
      onEscape: () => (focused ? focus(null) : useSelection.getState().clear()),
    },
    [
      ["t", () => setAppearance({ trails: !trailsOn })],
      ["mod+k", () => setSearching(true)],
      ["/", () => setSearching(true)],
      ["p", () => setListing(true)],
      ...sampleKeys,
    ],
  );

  const moment = shown ? spoken(shown.frame, shown.film.axis) : null;
  useTitle(run?.name, run && split?.name, moment);
  const onPicture = async () => {
    try {
      const { savePng } = await import("../share/save");
      if (plot && shown && picture) await savePng(plot, shown, picture, { shade: style.shade, legend: true });
    } catch {
      notify("The picture was not saved: a part of the page could not be loaded.");
    }
  };
  const marks = useMarks(film?.runId ?? null);
  const failure = open.problem ?? problem;
  const message = messageFor({ open, unauthorised, failure: shown ? null : failure });
  const docks = useDocks(focused !== null);
  const { sizes } = docks.layout;
  const drawn = message ? null : shown;
  const props: PanelProps | null = run && {
    ...{ run, split, film, picture: message ? null : picture, shown: drawn, focus: focusOf },
    onStep: drawn?.film.axis === "EPOCHS" ? seekStep : null,
  };
  const isOpen = (side: Side) => (run && docks.sides[side] ? true : undefined);

  return (
    <div
      className={styles.workspace}
      data-workspace
      data-panel={panel ?? undefined}
      data-bare={run ? undefined : true}
      data-left={isOpen("left")}
      data-right={isOpen("right")}
      data-below={isOpen("bottom")}
      style={sizeStyle(sizes)}
    >
      <div className={styles.top}>
        <TopBar
          runs={runs ?? NOTHING}
          run={run}
          layer={layer?.name ?? null}
          split={split?.name ?? null}
          step={frames[index]?.step ?? null}
          onRunsChanged={open.refetchRuns}
          onHelp={() => setHelp(true)}
          onSearch={() => setSearching(true)}
          onPanel={(side) => setPanel((before) => (before === side ? null : side))}
          panels={
            run ? (
              <>
                <UndoButtons />
                <PanelList docks={docks} open={listing} onOpenChange={setListing} />
              </>
            ) : null
          }
        />
      </div>
      <aside className={styles.left} data-part="left" aria-label="Panels on the left">
        <Dock side="left" docks={docks} props={props} />
      </aside>
      <main className={styles.centre}>
        <FilmCanvas
          shown={message ? null : shown}
          picture={message ? null : picture}
          found={found}
          box={box}
          style={style}
          glideMs={glideMs}
          split={split ?? { name: "", hasImages: false }}
          focus={focused}
          trails={orbit.space ? null : trails}
          orbit={orbit}
          onPick={(i) => focus(keyAt(shown, i))}
          plot={plot}
          onPlot={setPlot}
          onView={onView}
          progress={
            message || !run ? null : (
              <FilmProgress
                film={film}
                onStop={() => open.changeFilm("cancel")}
                onRequest={open.requestFilm}
              />
            )
          }
        >
          {message}
          <Waiting
            shown={shown}
            wanted={frames[index] ?? null}
            film={!message && layer && split ? { split: split.name, layer: layer.name } : null}
          />
          <OnlyChip film={film} />
          {!message && failure && shown ? (
            <div className={styles.failure} role="alert" data-testid="film-failed">
              <p>{failure}</p>
              <button type="button" onClick={open.requestFilm}>
                Try again
              </button>
            </div>
          ) : null}
        </FilmCanvas>
      </main>
      {film && frames[index] && !message ? (
        <div className={styles.bottom}>
          <Timeline
            film={film}
            frames={frames}
            index={index}
            metrics={run?.metrics ?? NOTHING}
            marks={marks}
            onScrub={(at) => scrubTo(at, reducedMotion ? 0 : undefined)}
            onRefine={() => open.changeFilm("refine")}
          />
        </div>
      ) : null}
      <aside className={styles.right} data-part="right" aria-label="Inspector">
        <Dock side="right" docks={docks} props={props} />
      </aside>
      <aside className={styles.drawer} data-part="bottom" aria-label="Panels below">
        <Dock side="bottom" docks={docks} props={props} />
      </aside>
      <Palette
        open={searching}
        onOpenChange={setSearching}
        commands={
          searching
            ? [
                ...commandsFor(plot, film?.columns ?? NOTHING, onPicture),
                ...(run ? commandsForRun(run, runs ?? NOTHING) : NOTHING),
              ]
            : NOTHING
        }
        runs={runs ?? NOTHING}
        place={shown ? { filmId: shown.film.id, frame: shown.frame.index, splits: shown.film.splits } : null}
        onRun={openRun}
        onSample={focus}
        onSearch={useView.getState().setSearch}
      />
      <Help open={help} onOpenChange={setHelp} />
    </div>
  );
}
