import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Picture } from "../film/picture";
import { useSelectedPoints, useSelectPoints } from "../film/useSelectedPoints";
import type { FilmBox, ShownFrame } from "../film/useShownFrame";
import { useSize } from "../lib/useSize";
import type { Points } from "../scatter/encode";
import type { Tool } from "../scatter/gestures";
import type { Plot } from "../scatter/plot";
import { type Hover, ScatterPlot } from "../scatter/ScatterPlot";
import type { Style } from "../scatter/types";
import type { ViewOfPlot } from "../scatter/viewpoint";
import { SelectionBar } from "../selection/SelectionBar";
import { SaveMenu } from "../share/SaveMenu";
import { useSelection } from "../state/selection";
import { IconButton } from "../ui/Button";
import { BoxSelect, Fit, Lasso, Minus, Move, Plus } from "../ui/icons";
import styles from "./canvas.module.css";
import { HoverCard } from "./HoverCard";
import { Minimap } from "./Minimap";
import { StatusChip } from "./StatusChip";

type Props = {
  shown: ShownFrame | null;
  picture: Picture | null;
  box: FilmBox | null;
  style: Style;
  glideMs: number;
  split: { name: string; hasImages: boolean };
  focus: { index: number; neighbours: number[] } | null;
  trails: { indices: readonly number[]; frames: readonly Points[] } | null;
  onPick: (index: number) => void;
  plot: Plot | null;
  onPlot: (plot: Plot | null) => void;
  onView: (view: ViewOfPlot) => void;
  /** What lies over the canvas: progress, or a message in its place. */
  children?: ReactNode;
};

const TOOLS: readonly { name: Tool; label: string; hint: string; icon: ReactNode }[] = [
  { name: "move", label: "Move the view", hint: "V", icon: <Move /> },
  { name: "lasso", label: "Select with a lasso", hint: "L", icon: <Lasso /> },
  { name: "box", label: "Select with a box", hint: "B", icon: <BoxSelect /> },
];

export function FilmCanvas(props: Props) {
  const { shown, picture, plot } = props;
  const { tool, setTool } = useSelection();
  const selected = useSelectedPoints(shown);
  const select = useSelectPoints(shown);
  const container = useRef<HTMLDivElement>(null);
  const room = useSize(container);
  const [hover, setHover] = useState<Hover | null>(null);
  const [view, setView] = useState<ViewOfPlot | null>(null);
  const [frame, revision] = [shown?.frame, shown?.revision];
  // biome-ignore lint/correctness/useExhaustiveDependencies: points move away from the pointer with the frame
  useEffect(() => setHover(null), [frame, revision]);
  return (
    <div ref={container} className={styles.canvas} onPointerLeave={() => setHover(null)}>
      <ScatterPlot
        shown={shown}
        picture={picture}
        box={props.box}
        style={props.style}
        glideMs={props.glideMs}
        focus={props.focus}
        tool={tool}
        selected={selected}
        trails={props.trails}
        onSelect={select}
        onHover={setHover}
        onPick={props.onPick}
        onView={(next) => {
          setView(next);
          props.onView(next);
          setHover(null);
        }}
        onPlot={props.onPlot}
      />
      {shown && picture ? (
        <>
          <div className={styles.tools} role="toolbar" aria-label="View" aria-orientation="vertical">
            {TOOLS.map(({ name, label, hint, icon }) => (
              <IconButton
                key={name}
                label={label}
                hint={hint}
                side="right"
                aria-pressed={tool === name}
                data-testid={`tool-${name}`}
                onClick={() => setTool(name)}
              >
                {icon}
              </IconButton>
            ))}
            <span className={styles.rule} />
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
            <SaveMenu plot={plot} shown={shown} picture={picture} />
          </div>
          <SelectionBar shown={shown} />
          <StatusChip
            shown={shown}
            drawn={picture.scene.drawn.length}
            zoom={view?.zoom ?? 1}
            trails={props.trails?.frames.length ? props.trails.indices.length : 0}
            selected={selected.length}
          />
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
