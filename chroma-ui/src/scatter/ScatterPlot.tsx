import { useEffect, useRef, useState } from "react";
import { blankHook } from "./hook";
import type { Plot, Style } from "./plot";
import styles from "./ScatterPlot.module.css";
import type { Picture } from "./scene";
import { useScatterplot } from "./useScatterplot";
import type { FilmBox, ShownFrame } from "./useShownFrame";

export type Hover = { index: number; x: number; y: number };

type Props = {
  shown: ShownFrame | null;
  picture: Picture | null;
  box: FilmBox | null;
  style: Style;
  /** How long points take from frame to frame, in ms; 0 jumps. */
  glideMs: number;
  focus: { index: number; neighbours: number[] } | null;
  onHover: (hover: Hover | null) => void;
  onPick: (index: number) => void;
  onZoom: (zoom: number) => void;
  onPlot: (plot: Plot | null) => void;
};

export function ScatterPlot(props: Props) {
  const { shown, picture, box, style, glideMs, focus } = props;
  const container = useRef<HTMLDivElement>(null);
  const [hovering, setHovering] = useState(false);
  const latest = useRef(props);
  latest.current = props;

  const plot: Plot | null = useScatterplot(container, style, {
    onHover: (index) => {
      setHovering(index !== null);
      const place = index === null ? null : plot?.screenOf(index);
      props.onHover(index !== null && place ? { index, ...place } : null);
    },
    onClick: props.onPick,
    onView: props.onZoom,
    onSettled: () => {
      const { shown, picture } = latest.current;
      if (!window.__chroma || !shown || !picture) return;
      const { index, epoch, step, digest } = shown.frame;
      Object.assign(window.__chroma, {
        ready: true,
        frame: { index, epoch, step, digest },
        method: shown.revision.method,
        points: picture.scene.drawn.length,
      });
    },
  });

  const { onPlot } = props;
  useEffect(() => {
    onPlot(plot);
    if (!plot) return;
    window.__chroma = {
      ...blankHook(),
      countPixels: () => {
        const count = plot.countPixels();
        const entries = latest.current.picture?.legend ?? [];
        const byName = Object.fromEntries(
          entries.map(({ name, colour }) => [name, count.byColour[colour] ?? 0]),
        );
        return { ...count, byName };
      },
      screenOf: (index) => {
        const place = plot.screenOf(index);
        const corner = plot.canvas.getBoundingClientRect();
        return place ? { x: place.x + corner.left, y: place.y + corner.top } : null;
      },
    };
    return () => {
      window.__chroma = undefined;
    };
  }, [plot, onPlot]);

  useEffect(() => {
    if (plot && box?.box) plot.setBox(box.box, box.moves);
  }, [plot, box]);

  const glide = useRef(glideMs);
  glide.current = glideMs;
  useEffect(() => {
    if (!plot || !picture) return;
    if (window.__chroma) window.__chroma.ready = false;
    plot.show(picture.scene, glide.current);
  }, [plot, picture]);

  useEffect(() => {
    plot?.setFocus(focus?.index ?? null, focus?.neighbours ?? []);
  }, [plot, focus]);

  return (
    <div
      ref={container}
      className={styles.plot}
      data-hovering={hovering || undefined}
      data-frame={shown?.frame.index}
    />
  );
}
