import { type ReactNode, useEffect, useRef, useState } from "react";
import { count, decimal } from "../lib/format";
import { useSize } from "../lib/useSize";
import { IconButton } from "../ui/Button";
import { Fit, Minus, Plus } from "../ui/icons";
import { HoverCard } from "./HoverCard";
import { Minimap } from "./Minimap";
import type { Plot, Style, ViewOfPlot } from "./plot";
import { type Hover, ScatterPlot } from "./ScatterPlot";
import type { Picture } from "./scene";
import styles from "./stage.module.css";
import type { FilmBox, ShownFrame } from "./useShownFrame";

type Props = {
  shown: ShownFrame | null;
  picture: Picture | null;
  box: FilmBox | null;
  style: Style;
  glideMs: number;
  split: { name: string; hasImages: boolean };
  focus: { index: number; neighbours: number[] } | null;
  onPick: (index: number) => void;
  plot: Plot | null;
  onPlot: (plot: Plot | null) => void;
  /** What lies over the canvas: progress, or a message in its place. */
  children?: ReactNode;
};

export function Stage(props: Props) {
  const { shown, picture, plot } = props;
  const stage = useRef<HTMLDivElement>(null);
  const room = useSize(stage);
  const [hover, setHover] = useState<Hover | null>(null);
  const [view, setView] = useState<ViewOfPlot | null>(null);
  const [frame, revision] = [shown?.frame, shown?.revision];
  // biome-ignore lint/correctness/useExhaustiveDependencies: points move away from the pointer with the frame
  useEffect(() => setHover(null), [frame, revision]);
  return (
    <div ref={stage} className={styles.stage} onPointerLeave={() => setHover(null)}>
      <ScatterPlot
        shown={shown}
        picture={picture}
        box={props.box}
        style={props.style}
        glideMs={props.glideMs}
        focus={props.focus}
        onHover={setHover}
        onPick={props.onPick}
        onView={(next) => {
          setView(next);
          setHover(null);
        }}
        onPlot={props.onPlot}
      />
      {shown && picture ? (
        <>
          <div className={styles.tools} role="toolbar" aria-label="View" aria-orientation="vertical">
            <IconButton label="Zoom in" side="right" onClick={() => plot?.zoomBy(1.6)}>
              <Plus />
            </IconButton>
            <IconButton label="Zoom out" side="right" onClick={() => plot?.zoomBy(1 / 1.6)}>
              <Minus />
            </IconButton>
            <IconButton
              label="Fit the film"
              hint="F"
              side="right"
              data-testid="fit"
              onClick={() => plot?.fit()}
            >
              <Fit />
            </IconButton>
          </div>
          <StatusChip shown={shown} drawn={picture.scene.drawn.length} zoom={view?.zoom ?? 1} />
          {plot && view && props.box?.box ? (
            <Minimap scene={picture.scene} whole={props.box.box} seen={view.seen} onMove={plot.centreOn} />
          ) : null}
          {hover && hover.index < shown.points.n ? (
            <HoverCard
              hover={hover}
              shown={shown}
              split={props.split}
              classColours={picture.classColours}
              room={room}
            />
          ) : null}
        </>
      ) : null}
      {props.children}
    </div>
  );
}

function StatusChip({ shown, drawn, zoom }: { shown: ShownFrame; drawn: number; zoom: number }) {
  const { film, frame, revision } = shown;
  const quality = frame.trustworthiness;
  const sampled = frame.qualityN !== null && frame.qualityN < frame.n ? ` on ${count(frame.qualityN)}` : "";
  return (
    <p className={styles.status} data-testid="status-chip">
      <span>
        <b>{count(drawn)}</b>
        {drawn === film.of ? " points" : ` of ${count(film.of)} points`}
      </span>
      <span>
        zoom <b>{zoom.toFixed(1)}×</b>
      </span>
      {quality !== null ? (
        <span title="Share of neighbourhoods that the map keeps (Venna & Kaski 2001, k = 15)">
          trustworthiness <b>{decimal(quality)}</b>
          {sampled}
        </span>
      ) : null}
      {revision.preview ? (
        <span className={styles.preview}>{revision.method.toUpperCase()} preview</span>
      ) : null}
    </p>
  );
}
