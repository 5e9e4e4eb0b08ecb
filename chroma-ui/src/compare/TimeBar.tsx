import { useEffect } from "react";
import { ToolButtons } from "../canvas/ToolButtons";
import { LINKS, type LinkName } from "../state/panes";
import { SPEEDS, usePreferences } from "../state/preferences";
import { useView } from "../state/view";
import { filmCurves } from "../timeline/curves";
import { FilmStrip } from "../timeline/FilmStrip";
import { PlayButton } from "../timeline/PlayButton";
import { INKS } from "../timeline/Timeline";
import { FRAME_MS } from "../timeline/usePlayer";
import { Button, IconButton } from "../ui/Button";
import { Chain, Fit } from "../ui/icons";
import { letterOf } from "./PaneHead";
import { type PaneLive, useCompareStore } from "./store";
import { leaderOf, type Measure, nameOf, placeIn } from "./time";
import styles from "./time.module.css";

type Props = {
  lives: readonly PaneLive[];
  measure: Measure;
  onSeek: (pane: number, index: number) => void;
  onFit: () => void;
};

const LINK_TITLES: Record<LinkName, string> = { camera: "Cameras", time: "Times" };

/** The bar under the panes: the shared time slider, the links and the tools. */
export function TimeBar({ lives, measure, onSeek, onFit }: Props) {
  const playing = useView((view) => view.playing);
  const free = useView((view) => view.free);
  const laid = useView((view) => view.laid);
  const { setPlaying, setLinked, setLaid } = useView.getState();
  const speed = usePreferences((preferences) => preferences.speed);
  const loop = usePreferences((preferences) => preferences.loop);
  const { set } = usePreferences.getState();
  const store = useCompareStore();
  const films = lives.map((live) => live.frames);
  const leader = films.length ? leaderOf(films) : 0;
  const frames = films[leader] ?? [];
  const index = lives[leader]?.index ?? 0;
  const linked = !free.includes("time");
  const arrived = lives.every((live) => live.shown?.frame.digest === live.frames[live.index]?.digest);

  useEffect(() => {
    if (!playing || !arrived || !linked) return;
    const last = index >= frames.length - 1;
    if (last && !loop) {
      setPlaying(false);
      return;
    }
    const timer = window.setTimeout(() => onSeek(leader, last ? 0 : index + 1), FRAME_MS / speed);
    return () => window.clearTimeout(timer);
  }, [playing, arrived, linked, index, leader, frames.length, loop, speed, onSeek, setPlaying]);

  // The trustworthiness of each film, on the time axis of the longest one.
  const curves = lives.flatMap(({ frames: own }, pane) =>
    filmCurves(own)
      .filter(({ name }) => name === "trustworthiness")
      .map((curve) => ({
        ...curve,
        name: `trustworthiness of ${letterOf(pane)}`,
        ink: INKS[pane],
        points: curve.points.map((point) => ({ ...point, at: placeIn(own, point.at, frames, measure) })),
      })),
  );
  const nextSpeed = SPEEDS[(SPEEDS.findIndex((choice) => choice >= speed) + 1) % SPEEDS.length];
  return (
    <section className={styles.time} aria-label="Time, links and tools" data-testid="compare-bar">
      <PlayButton
        compact
        playing={playing}
        disabled={!linked || frames.length < 2}
        onToggle={() => setPlaying(!playing)}
      />
      <div className={styles.slide}>
        {linked && frames[index] ? (
          <>
            <p>
              <b data-testid="linked-time">
                {measure === "epoch"
                  ? nameOf(frames[index])
                  : `${Math.round((100 * index) / Math.max(1, frames.length - 1))}% of each film`}
              </b>
              <span data-testid="link-measure">
                {measure === "epoch"
                  ? "linked by epoch"
                  : `linked by progress: ${films.map((film) => film.length).join(" and ")} frames`}
              </span>
            </p>
            <div className={styles.strip}>
              <FilmStrip
                frames={frames}
                axis="EPOCHS"
                index={index}
                curves={curves}
                onScrub={(at) => store.getState().setDrag(at === null ? null : { pane: leader, at })}
              />
            </div>
          </>
        ) : (
          <p>
            <span>Times are not linked: choose the epoch above each pane.</span>
          </p>
        )}
      </div>
      <Button look="quiet" aria-label={`Speed ${speed}×`} onClick={() => set({ speed: nextSpeed })}>
        {speed}×
      </Button>
      <span className={styles.rule} />
      {LINKS.map((name) => (
        <Button
          key={name}
          look="quiet"
          aria-pressed={!free.includes(name)}
          className={styles.link}
          title={`${LINK_TITLES[name]} ${free.includes(name) ? "are free" : "move together"}`}
          data-testid={`link-${name}`}
          onClick={() => {
            setPlaying(false);
            setLinked(name, free.includes(name));
            if (name === "time" && free.includes(name)) onSeek(0, lives[0]?.index ?? 0);
          }}
        >
          <span className={styles.wideOnly}>
            <Chain size={15} />
          </span>
          {LINK_TITLES[name]}
        </Button>
      ))}
      <Button
        look="quiet"
        aria-pressed={laid}
        className={styles.link}
        disabled={lives.length < 2}
        title="Turns, scales and mirrors the other films so that the samples they share with A lie nearest"
        data-testid="lay-onto"
        onClick={() => setLaid(!laid)}
      >
        Lay onto A
      </Button>
      <span className={styles.rule} />
      <div className={styles.tools} role="toolbar" aria-label="View">
        <ToolButtons side="top" />
        <IconButton label="Fit the films" hint="F" side="top" data-testid="fit" onClick={onFit}>
          <Fit />
        </IconButton>
      </div>
    </section>
  );
}
