import { useCallback, useEffect, useMemo, useState } from "react";
import { useQuery } from "urql";
import { RunDocument, RunsDocument } from "./api/gql/graphql";
import { useEvents } from "./api/useEvents";
import { useFilm } from "./api/useFilm";
import { Inspector } from "./inspector/Inspector";
import { useSample } from "./inspector/useSample";
import { LeftPanel } from "./legend/LeftPanel";
import { useKeys } from "./lib/useKeys";
import { useReducedMotion, useShade } from "./lib/useTheme";
import { pickFrame, pickLayer, pickSplit } from "./runs/choices";
import { FilmFailed, NoRuns, NoSnapshots, NoSuchRun, Refused, Unauthorised } from "./runs/States";
import { TopBar } from "./runs/TopBar";
import { FilmProgress } from "./scatter/FilmProgress";
import type { Plot } from "./scatter/plot";
import { Stage } from "./scatter/Stage";
import { composePicture } from "./scatter/scene";
import { useShownFrame } from "./scatter/useShownFrame";
import { useConnection } from "./state/connection";
import { usePreferences } from "./state/preferences";
import { useView } from "./state/view";
import { Timeline } from "./timeline/Timeline";
import { glideFor, togglePlay, usePlayer } from "./timeline/usePlayer";
import { Help } from "./ui/Help";
import styles from "./Workspace.module.css";

/** A step from frame to frame by hand, in ms. */
const STEP_GLIDE_MS = 420;
const NO_FRAMES: never[] = [];
const NO_COLUMNS: never[] = [];

export function Workspace() {
  const view = useView();
  const { pointSize, labels, contours, speed, set } = usePreferences();
  const { status, returns } = useConnection();
  const shade = useShade();
  const reducedMotion = useReducedMotion();
  const [help, setHelp] = useState(false);
  const [panel, setPanel] = useState<"left" | "right" | null>(null);
  const [plot, setPlot] = useState<Plot | null>(null);

  const [{ data: runsData, error: runsError }, askRuns] = useQuery({
    query: RunsDocument,
    requestPolicy: "cache-and-network",
  });
  const runs = runsData?.runs;
  const runId = view.run ?? runs?.[0]?.id ?? null;
  const [{ data: runData, error: runError }, askRun] = useQuery({
    query: RunDocument,
    variables: { id: runId ?? "" },
    pause: runId === null,
    requestPolicy: "cache-and-network",
  });
  const run = runData?.run?.id === runId ? runData.run : null;
  const runIsGone = runId !== null && runData !== undefined && runData.run === null;

  useEffect(() => {
    // The address names the run even when nobody chose one, so that the link stays good.
    if (view.run === null && runId !== null) useView.setState({ run: runId });
  }, [view.run, runId]);

  const layer = run ? pickLayer(run, view.layer) : null;
  const split = run && layer ? pickSplit(run, layer.name, view.split) : null;
  const taken =
    run && layer && split
      ? run.snapshots.filter((s) => s.layer === layer.name && s.split === split.name)
      : [];
  const canFilm = taken.some((snapshot) => snapshot.status !== "OPEN");
  const { film, problem, refresh, ask } = useFilm(
    run && layer && split && canFilm
      ? { runId: run.id, layer: layer.name, split: split.name, method: view.method }
      : null,
  );

  const frames = film?.revision?.frames ?? NO_FRAMES;
  const index = pickFrame(frames, view.step);
  const { shown, box, problem: bytesProblem } = useShownFrame(film, frames[index] ?? null, view.colour);
  usePlayer(frames, index, shown?.frame.digest ?? null);

  const { hidden, confidence, wrong } = view;
  const classNames = split?.classNames;
  const picture = useMemo(
    () =>
      shown
        ? composePicture(shown, { shade, classNames: classNames ?? [], hidden, confidence, onlyWrong: wrong })
        : null,
    [shown, shade, classNames, hidden, confidence, wrong],
  );

  useEvents((events) => {
    const kinds = new Set(events.map((event) => event.kind));
    const ours = new Set(events.filter((event) => event.runId === runId).map((event) => event.kind));
    if (kinds.has("RUN")) askRuns({ requestPolicy: "network-only" });
    if (["RUN", "SNAPSHOT", "METRIC", "TAG"].some((kind) => ours.has(kind as never))) {
      askRun({ requestPolicy: "network-only" });
    }
    // A new snapshot lengthens the film; asking for it again is harmless.
    if (ours.has("SNAPSHOT") && film && film.status !== "FAILED") void ask();
    else if (ours.has("FILM") || ours.has("TAG")) void refresh(ours.has("TAG"));
  });

  useEffect(() => {
    if (returns === 0) return;
    askRuns({ requestPolicy: "network-only" });
    askRun({ requestPolicy: "network-only" });
    void refresh();
  }, [returns, askRuns, askRun, refresh]);

  const indexOf = useMemo(() => {
    if (!shown?.position) return (position: number) => position;
    const places = new Map(Array.from(shown.position.values, (position, i) => [position, i]));
    return (position: number) => places.get(position) ?? -1;
  }, [shown?.position]);
  const focusIndex = shown && view.sample !== null ? indexOf(view.sample) : -1;
  const focused = shown && focusIndex >= 0 && focusIndex < shown.points.n;
  const place =
    shown && run && layer && split
      ? { runId: run.id, split: split.name, layer: layer.name, step: shown.frame.step }
      : null;
  const { sample, fetching, problem: sampleProblem } = useSample(place, focused ? view.sample : null);
  const focus = useMemo(
    () =>
      focused
        ? {
            index: focusIndex,
            neighbours: (sample?.neighbors ?? [])
              .map(({ position }) => indexOf(position))
              .filter((i) => i >= 0),
          }
        : null,
    [focused, focusIndex, sample, indexOf],
  );

  const seekTo = useCallback(
    (next: number) => {
      const frame = frames[Math.min(frames.length - 1, Math.max(0, next))];
      if (frame) view.seek(frame.step);
    },
    [frames, view.seek],
  );
  const stepBy = (by: number) => {
    view.setPlaying(false);
    seekTo(index + by);
  };
  useKeys([
    [" ", () => togglePlay(frames, index)],
    ["ArrowLeft", () => stepBy(-1)],
    ["ArrowRight", () => stepBy(1)],
    ["Home", () => stepBy(-frames.length)],
    ["End", () => stepBy(frames.length)],
    ["f", () => plot?.fit()],
    ["d", () => set({ theme: shade === "dark" ? "light" : "dark" })],
    ["?", () => setHelp(true)],
    ["Escape", () => view.focus(null)],
  ]);

  const glideMs = reducedMotion ? 0 : view.playing ? glideFor(speed) : STEP_GLIDE_MS;
  const failure =
    problem ?? (film?.status === "FAILED" ? (film.error ?? "The server gave no reason.") : bytesProblem);
  const positionOf = (i: number) => (shown?.position ? shown.position.values[i] : i);

  const refusal = runsError?.graphQLErrors[0] ?? runError?.graphQLErrors[0];
  let message = null;
  if (status === "unauthorised") message = <Unauthorised />;
  else if (!run && refusal) message = <Refused problem={refusal.message} />;
  else if (runs?.length === 0 && view.run === null) message = <NoRuns />;
  else if (runIsGone) message = <NoSuchRun onOpen={() => view.openRun(runs?.[0]?.id ?? null)} />;
  else if (run && !canFilm) {
    const others = run.snapshots.length > 0 && layer && split;
    message = (
      <NoSnapshots
        running={run.status === "RUNNING"}
        chosen={others ? `${layer.name} in ${split.name}` : null}
      />
    );
  } else if (failure && !shown) message = <FilmFailed problem={failure} onRetry={() => void ask()} />;

  return (
    <div className={styles.workspace} data-panel={panel ?? undefined} data-bare={run ? undefined : true}>
      <div className={styles.top}>
        <TopBar
          runs={runs ?? []}
          run={run}
          layer={layer?.name ?? null}
          split={split?.name ?? null}
          onRunsChanged={() => askRuns({ requestPolicy: "network-only" })}
          onHelp={() => setHelp(true)}
          onPanel={(side) => setPanel((before) => (before === side ? null : side))}
        />
      </div>
      <aside className={styles.left} aria-label="Colours">
        {message ? null : <LeftPanel columns={film?.columns ?? NO_COLUMNS} shown={shown} picture={picture} />}
      </aside>
      <main className={styles.centre}>
        <Stage
          shown={message ? null : shown}
          picture={message ? null : picture}
          box={box}
          style={{ shade, pointSize, labels, contours }}
          glideMs={glideMs}
          split={split ?? { name: "", hasImages: false }}
          focus={focus}
          onPick={(i) => view.focus(positionOf(i))}
          plot={plot}
          onPlot={setPlot}
        >
          {message}
          {!message && run ? <FilmProgress film={film} /> : null}
          {!message && failure && shown ? (
            <div className={styles.failure} role="alert" data-testid="film-failed">
              <p>{failure}</p>
              <button type="button" onClick={() => void ask()}>
                Try again
              </button>
            </div>
          ) : null}
        </Stage>
      </main>
      {film && frames[index] && !message ? (
        <div className={styles.bottom}>
          <Timeline
            film={film}
            frames={frames}
            index={index}
            metrics={run?.metrics ?? NO_COLUMNS}
            onSeek={(next) => {
              view.setPlaying(false);
              seekTo(next);
            }}
          />
        </div>
      ) : null}
      <aside className={styles.right} aria-label="Inspector">
        {run ? (
          <Inspector
            run={run}
            focused={
              focused && picture && split && view.sample !== null
                ? {
                    shown,
                    index: focusIndex,
                    position: view.sample,
                    split,
                    sample,
                    fetching,
                    problem: sampleProblem,
                    classColours: picture.classColours,
                    onFocus: view.focus,
                    onSeek: seekTo,
                  }
                : null
            }
          />
        ) : null}
      </aside>
      <Help open={help} onOpenChange={setHelp} />
    </div>
  );
}
