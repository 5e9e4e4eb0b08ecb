import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Found } from "../film/found";
import type { Picture } from "../film/picture";
import { indexAt, keyAt } from "../film/samples";
import { useLit } from "../film/useLit";
import { ORBIT_BOX, type OrbitState } from "../film/useOrbit";
import { useSelectedPoints, useSelectPoints } from "../film/useSelectedPoints";
import type { FilmBox, ShownFrame } from "../film/useShownFrame";
import { useSize } from "../lib/useSize";
import type { Contoured } from "../scatter/clusters";
import type { Points } from "../scatter/encode";
import type { Plot } from "../scatter/plot";
import { type Hover, ScatterPlot } from "../scatter/ScatterPlot";
import type { Style } from "../scatter/types";
import type { ViewOfPlot } from "../scatter/viewpoint";
import { SelectionBar } from "../selection/SelectionBar";
import { SaveMenu } from "../share/SaveMenu";
import { useHovered } from "../state/hovered";
import { useSelection } from "../state/selection";
import { IconButton } from "../ui/Button";
import { Fit, Minus, Plus } from "../ui/icons";
import { Above } from "./Above";
import styles from "./canvas.module.css";
import { coveredBy } from "./covered";
import { HoverCard } from "./HoverCard";
import { Minimap } from "./Minimap";
import { OrbitChip } from "./OrbitChip";
import { SearchBar } from "./SearchBar";
import { StatusChip } from "./StatusChip";
import { Thumbnails } from "./Thumbnails";
import { ToolButtons } from "./ToolButtons";
import { useCanvasKeys } from "./useCanvasKeys";
import { createViews } from "./views";
import { canvasWords } from "./words";

type Props = {
  shown: ShownFrame | null;
  picture: Picture | null;
  found: Found | null;
  box: FilmBox | null;
  style: Style;
  glideMs: number;
  split: { name: string; hasImages: boolean };
  focus: { index: number; neighbours: number[] } | null;
  trails: { indices: readonly number[]; frames: readonly Points[] } | null;
  /** The frame in three dimensions, where it is asked for. */
  orbit: OrbitState;
  onPick: (index: number) => void;
  plot: Plot | null;
  onPlot: (plot: Plot | null) => void;
  onView: (view: ViewOfPlot) => void;
  /** What is said of a film on its way, above the selection and the search. */
  progress: ReactNode;
  /** Shown over the canvas: a message in its place, or a chip. */
  children?: ReactNode;
};

export function FilmCanvas(props: Props) {
  const { shown, picture, plot, orbit } = props;
  const { space } = orbit;
  const tool = useSelection((selection) => selection.tool);
  const selected = useSelectedPoints(shown);
  const select = useSelectPoints(shown);
  const lit = useLit(shown, picture, props.found);
  const container = useRef<HTMLDivElement>(null);
  const room = useSize(container);
  const tools = useRef<HTMLDivElement>(null);
  const foot = useRef<HTMLDivElement>(null);
  const placeOf = (part: typeof container) => part.current?.getBoundingClientRect();
  const covered = () => coveredBy(placeOf(container) ?? new DOMRect(), placeOf(tools), placeOf(foot));
  const [hover, setOwn] = useState<Hover | null>(null);
  const setHover = (next: Hover | null) => {
    setOwn(next);
    useHovered.getState().hover(next && shown ? keyAt(shown, next.index) : null, "canvas");
  };
  const listed = useHovered(({ sample, by }) => (by === "list" ? sample : null));
  const onKeyDown = useCanvasKeys(plot, shown, space !== null, props.focus?.index ?? null, select, selected);
  const inWords = shown && picture ? canvasWords(shown, picture, selected, props.focus?.index ?? null) : "";
  const [contoured, setContoured] = useState<Contoured | null>(null);
  const [views] = useState(createViews);
  const [frame, revision] = [shown?.frame, shown?.revision];
  // biome-ignore lint/correctness/useExhaustiveDependencies: points move away from the pointer with the frame
  useEffect(() => setHover(null), [frame, revision]);
  return (
    <div ref={container} className={styles.canvas} onPointerLeave={() => setHover(null)}>
      <ScatterPlot
        shown={shown}
        picture={picture}
        box={space ? ORBIT_BOX : props.box}
        style={{ ...props.style, covered }}
        glideMs={props.glideMs}
        focus={props.focus}
        tool={tool}
        selected={selected}
        lit={lit}
        trails={props.trails}
        space={space}
        label={
          space
            ? "Points in three dimensions: arrow keys turn them"
            : "Points: arrow keys go from point to point"
        }
        onKeyDown={onKeyDown}
        onSelect={select}
        onHover={setHover}
        echo={shown && listed !== null ? indexAt(shown, listed) : null}
        onPick={props.onPick}
        onView={(next) => {
          views.setState({ view: next });
          props.onView(next);
          setHover(null);
        }}
        onContours={setContoured}
        onPlot={props.onPlot}
      />
      {shown && picture ? (
        <>
          <div
            ref={tools}
            className={styles.tools}
            role="toolbar"
            aria-label="View"
            aria-orientation="vertical"
          >
            <ToolButtons side="right" />
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
            <SaveMenu plot={plot} shown={shown} picture={picture} box={props.box} />
          </div>
          {plot && !space ? (
            <Thumbnails plot={plot} shown={shown} picture={picture} split={props.split} views={views} />
          ) : null}
          {plot && props.box?.box && !space ? (
            <Minimap scene={picture.scene} whole={props.box.box} views={views} onMove={plot.centreOn} />
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
      <Above>
        {props.progress}
        {shown && picture ? (
          <>
            <SelectionBar shown={shown} />
            <SearchBar shown={shown} picture={picture} found={props.found} />
          </>
        ) : null}
      </Above>
      <div ref={foot} className={styles.foot}>
        <OrbitChip orbit={orbit} />
        {shown && picture ? (
          <StatusChip
            shown={shown}
            drawn={picture.scene.drawn.length}
            views={views}
            trails={props.trails?.frames.length ? props.trails.indices.length : 0}
            selected={selected.length}
            contoured={contoured}
            spatial={space !== null}
          />
        ) : null}
      </div>
      <p className={styles.spoken} role="status" data-testid="canvas-words">
        {inWords}
      </p>
      {props.children}
    </div>
  );
}
