import { useMemo, useState } from "react";
import { FilmCanvas } from "../canvas/FilmCanvas";
import { FilmProgress } from "../canvas/FilmProgress";
import { OnlyChip } from "../canvas/OnlyChip";
import { composePicture } from "../film/picture";
import { useCamera } from "../film/useCamera";
import { useFrames, useTrails } from "../film/useFrames";
import { useSelectedPoints } from "../film/useSelectedPoints";
import { useShownFrame } from "../film/useShownFrame";
import { Inspector } from "../inspector/Inspector";
import { LeftPanel } from "../legend/LeftPanel";
import { useKeys } from "../lib/useKeys";
import { useReducedMotion, useShade } from "../lib/useTheme";
import { commandsFor } from "../palette/commands";
import { Palette } from "../palette/Palette";
import { pickFrame } from "../runs/choices";
import { TopBar } from "../runs/TopBar";
import type { Plot } from "../scatter/plot";
import type { Place } from "../scatter/viewpoint";
import { useKeptSelection } from "../selection/useKeptSelection";
import { useConnection } from "../state/connection";
import { usePreferences } from "../state/preferences";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { Timeline } from "../timeline/Timeline";
import { glideFor, togglePlay, usePlayer } from "../timeline/usePlayer";
import { Help } from "../ui/Help";
import { messageFor } from "./messageFor";
import { useFocus } from "./useFocus";
import { useOpenRun } from "./useOpenRun";
import styles from "./Workspace.module.css";

/** A step from frame to frame by hand, in ms. */
const STEP_GLIDE_MS = 420;
const NOTHING: never[] = [];
const setCamera = (camera: Place | null) => useView.setState({ camera });

export function Workspace() {
  const view = useView();
  const { openFacets, speed, set } = usePreferences();
  const unauthorised = useConnection(({ status }) => status === "unauthorised");
  const shade = useShade();
  const reducedMotion = useReducedMotion();
  const [help, setHelp] = useState(false);
  const [searching, setSearching] = useState(false);
  const [panel, setPanel] = useState<"left" | "right" | null>(null);
  const [plot, setPlot] = useState<Plot | null>(null);
  const open = useOpenRun();
  const { runs, run, layer, split, film } = open;

  const frames = film?.revision?.frames ?? NOTHING;
  const index = pickFrame(frames, view);
  const { hidden, filters, look } = view;
  const wanted = useMemo(
    () => [...new Set([...openFacets, ...filters.map(({ column }) => column)])].sort(),
    [openFacets, filters],
  );
  const {
    shown,
    box,
    framePoints,
    problem: bytesProblem,
  } = useShownFrame(film, frames[index] ?? null, view.colour, wanted);
  usePlayer(frames, index, shown?.frame.digest ?? null);
  const onView = useCamera(plot, box, view.camera, setCamera);
  const { seekTo, seekStep, scrubTo } = useFrames(frames, framePoints, plot, view.seekFrame);

  const classNames = split?.classNames;
  const picture = useMemo(
    () =>
      shown
        ? composePicture(shown, { shade, safe: look.safe, classNames: classNames ?? [], hidden, filters })
        : null,
    [shown, shade, look.safe, classNames, hidden, filters],
  );
  const { focus, position, ...about } = useFocus(shown);
  useKeptSelection(run?.id ?? null, split?.name ?? null);
  const trails = useTrails(framePoints, index, useSelectedPoints(shown), focus?.index ?? null, look.trails);

  const stepBy = (by: number) => {
    view.setPlaying(false);
    seekTo(index + by);
  };
  const { clear, setTool } = useSelection.getState();
  useKeys([
    [" ", () => togglePlay(frames, index)],
    ["ArrowLeft", () => stepBy(-1)],
    ["ArrowRight", () => stepBy(1)],
    ["Home", () => stepBy(-frames.length)],
    ["End", () => stepBy(frames.length)],
    ["f", () => plot?.fit()],
    ["d", () => set({ theme: shade === "dark" ? "light" : "dark" })],
    ["v", () => setTool("move")],
    ["l", () => setTool("lasso")],
    ["b", () => setTool("box")],
    ["t", () => view.setLook({ trails: !look.trails })],
    ["mod+k", () => setSearching(true)],
    ["/", () => setSearching(true)],
    ["?", () => setHelp(true)],
    ["Escape", () => (focus ? view.focus(null) : clear())],
  ]);

  const glideMs = reducedMotion ? 0 : view.playing ? glideFor(speed) : STEP_GLIDE_MS;
  const failure =
    open.problem ?? (film?.status === "FAILED" ? (film.error ?? "The server gave no reason.") : bytesProblem);
  const positionOf = (i: number) => (shown?.position ? shown.position.values[i] : i);
  const message = messageFor({ open, unauthorised, failure: shown ? null : failure });

  return (
    <div className={styles.workspace} data-panel={panel ?? undefined} data-bare={run ? undefined : true}>
      <div className={styles.top}>
        <TopBar
          runs={runs ?? NOTHING}
          run={run}
          layer={layer?.name ?? null}
          split={split?.name ?? null}
          step={frames[index]?.step ?? null}
          onRunsChanged={open.askRuns}
          onHelp={() => setHelp(true)}
          onSearch={() => setSearching(true)}
          onPanel={(side) => setPanel((before) => (before === side ? null : side))}
        />
      </div>
      <aside className={styles.left} aria-label="Colours">
        {message ? null : <LeftPanel columns={film?.columns ?? NOTHING} shown={shown} picture={picture} />}
      </aside>
      <main className={styles.centre}>
        <FilmCanvas
          shown={message ? null : shown}
          picture={message ? null : picture}
          box={box}
          style={{ shade, ...look }}
          glideMs={glideMs}
          split={split ?? { name: "", hasImages: false }}
          focus={focus}
          trails={trails}
          onPick={(i) => view.focus(positionOf(i))}
          plot={plot}
          onPlot={setPlot}
          onView={onView}
        >
          {message}
          {!message && run ? (
            <FilmProgress film={film} onStop={() => open.changeFilm("cancel")} onAsk={open.askFilm} />
          ) : null}
          <OnlyChip film={film} />
          {!message && failure && shown ? (
            <div className={styles.failure} role="alert" data-testid="film-failed">
              <p>{failure}</p>
              <button type="button" onClick={open.askFilm}>
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
            onScrub={(at) => scrubTo(at, reducedMotion ? 0 : undefined)}
            onRefine={() => open.changeFilm("refine")}
          />
        </div>
      ) : null}
      <aside className={styles.right} aria-label="Inspector">
        {run ? (
          <Inspector
            run={run}
            focused={
              focus && shown && picture && split && position !== null
                ? {
                    shown,
                    index: focus.index,
                    position,
                    split,
                    ...about,
                    classColours: picture.classColours,
                    onFocus: view.focus,
                    onStep: shown.film.axis === "EPOCHS" ? seekStep : null,
                  }
                : null
            }
            selection={
              shown && picture && split
                ? {
                    shown,
                    split,
                    wrong: picture.wrong,
                    classColours: picture.classColours,
                    focused: position,
                    onFocus: view.focus,
                  }
                : null
            }
          />
        ) : null}
      </aside>
      <Palette
        open={searching}
        onOpenChange={setSearching}
        commands={
          searching ? commandsFor(plot, film?.columns ?? NOTHING, `${run?.name} ${layer?.name}`) : NOTHING
        }
        runs={runs ?? NOTHING}
        place={run && split ? { runId: run.id, split: split.name } : null}
        onRun={view.openRun}
        onSample={view.focus}
      />
      <Help open={help} onOpenChange={setHelp} />
    </div>
  );
}
