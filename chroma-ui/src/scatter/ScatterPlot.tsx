import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Picture } from "../film/picture";
import type { FilmBox, ShownFrame } from "../film/useShownFrame";
import type { Contoured } from "./clusters";
import type { Points } from "./encode";
import type { Manner, Tool } from "./gestures";
import type { Plot } from "./plot";
import styles from "./ScatterPlot.module.css";
import type { Space } from "./space";
import { hookOf, publishHook } from "./testHook";
import type { Style } from "./types";
import { useScatterplot } from "./useScatterplot";
import type { ViewOfPlot } from "./viewpoint";

export type Hover = { index: number; x: number; y: number };

type Props = {
  shown: ShownFrame | null;
  picture: Picture | null;
  box: FilmBox | null;
  style: Style;
  /** How long points take from frame to frame, in ms; 0 jumps. */
  glideMs: number;
  focus: { index: number; neighbours: number[] } | null;
  tool: Tool;
  selected: Uint32Array;
  /** Points that stand out of the others; null: none. */
  lit?: Uint32Array | null;
  /** The points in three dimensions; null: in two. */
  space?: Space | null;
  trails: { indices: readonly number[]; frames: readonly Points[] } | null;
  /** The point that is hovered in another plot. */
  echo?: number | null;
  /** Which pane of the compare view it is. */
  pane?: number;
  /** What screen readers say of it. */
  label?: string;
  /** Keys while it has the focus, and whether a key gave it the focus. */
  onKeyDown?: (event: KeyboardEvent, byKey: boolean) => void;
  onHover: (hover: Hover | null) => void;
  onPick: (index: number) => void;
  onSelect: (indices: Uint32Array, manner: Manner) => void;
  onView: (view: ViewOfPlot) => void;
  onContours: (contoured: Contoured | null) => void;
  onPlot: (plot: Plot | null) => void;
};

export function ScatterPlot(props: Props) {
  const { shown, picture, box, style, glideMs, focus, tool, selected, trails } = props;
  const container = useRef<HTMLDivElement>(null);
  const [hovering, setHovering] = useState(false);
  const byKey = useRef(false);
  const latest = useRef(props);
  latest.current = props;

  const plot: Plot | null = useScatterplot(container, style, {
    onHover: (index) => {
      setHovering(index !== null);
      const place = index === null ? null : plot?.screenOf(index);
      props.onHover(index !== null && place ? { index, ...place } : null);
    },
    onClick: props.onPick,
    onView: props.onView,
    onSelect: props.onSelect,
    onContours: props.onContours,
  });

  const placed = useRef<FilmBox | null>(null);
  const { onPlot, pane = null } = props;
  useEffect(() => {
    onPlot(plot);
    if (!plot) return;
    return publishHook(
      hookOf(plot, () => {
        const { box } = latest.current;
        return { ...latest.current, placed: box === placed.current && box?.complete === true };
      }),
      pane,
    );
  }, [plot, onPlot, pane]);

  useEffect(() => {
    if (plot && box?.box) plot.setBox(box.box, box.moves);
    placed.current = plot ? box : null;
  }, [plot, box]);

  const { space = null } = props;
  useEffect(() => plot?.setSpace(space), [plot, space]);

  const glide = useRef(glideMs);
  glide.current = glideMs;
  useEffect(() => {
    // Points of another film would be taken for those of the one that is named.
    if (picture) plot?.show(picture.scene, glide.current);
    else plot?.clear();
  }, [plot, picture]);

  useEffect(() => {
    plot?.setFocus(focus?.index ?? null, focus?.neighbours ?? []);
  }, [plot, focus]);

  useEffect(() => plot?.setTool(tool), [plot, tool]);
  useEffect(() => plot?.setSelected(selected), [plot, selected]);
  useEffect(() => plot?.setTrails(trails), [plot, trails]);
  const { echo = null, lit = null } = props;
  useEffect(() => plot?.setLit(lit), [plot, lit]);
  useEffect(() => plot?.setEcho(echo), [plot, echo]);

  return (
    <div
      ref={container}
      className={styles.plot}
      tabIndex={props.onKeyDown ? 0 : undefined}
      role="application"
      aria-label={props.label ?? "Points"}
      data-testid={props.onKeyDown ? "points" : undefined}
      onFocus={(event) => {
        byKey.current = event.currentTarget.matches(":focus-visible");
      }}
      onKeyDown={(event) => props.onKeyDown?.(event, byKey.current)}
      data-hovering={hovering || undefined}
      data-frame={shown?.frame.index}
    />
  );
}
