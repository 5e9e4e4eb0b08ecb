import { type PointerEvent, useRef, useState } from "react";
import type { Film, Frame } from "../api/bytes";
import { spoken } from "../film/frameNames";
import { useSize } from "../lib/useSize";
import { CurveLines, type InkedCurve } from "./CurveLines";
import { geometryOf } from "./geometry";
import { type Mark, Marks } from "./Marks";
import { indexAt } from "./places";
import { Rail } from "./Rail";
import { Readout } from "./Readout";
import { SHARES } from "./scales";
import styles from "./timeline.module.css";

type Props = {
  frames: readonly Frame[];
  axis: Film["axis"];
  index: number;
  curves: readonly InkedCurve[];
  /** Name of the curve that a person points at in the list. */
  pointed?: string | null;
  /** A position between frames while the slider is dragged; null when it is released. */
  onScrub: (at: number | null) => void;
  marks?: readonly Mark[];
};

const NO_MARKS: never[] = [];

export function FilmStrip({ frames, axis, index, curves, pointed = null, onScrub, marks = NO_MARKS }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const size = useSize(element);
  const [dragged, setDragged] = useState<number | null>(null);
  const [under, setUnder] = useState<number | null>(null);
  const isOwn = ({ scale, points }: InkedCurve) => scale !== SHARES && points.length > 0;
  const lead = curves.find(({ name }) => name === pointed) ?? curves.find(isOwn) ?? null;
  const geometry = geometryOf(size, frames, axis, {
    left: curves.some(({ scale }) => scale === SHARES),
    right: curves.some(isOwn),
  });
  const now = geometry.toX(dragged ?? index);

  const placeUnder = (event: PointerEvent<HTMLDivElement>) => {
    const left = event.currentTarget.getBoundingClientRect().left;
    return indexAt(geometry.places, geometry.placeAt(event.clientX - left));
  };
  const scrubTo = (at: number) => {
    setDragged(at);
    onScrub(at);
  };
  const letGo = () => {
    if (dragged === null) return;
    setDragged(null);
    onScrub(null);
  };

  return (
    <div className={styles.stripField}>
      <div
        ref={element}
        className={styles.strip}
        role="slider"
        tabIndex={0}
        aria-label={{ EPOCHS: "Epoch", LAYERS: "Layer", RUNS: "Run" }[axis]}
        aria-valuemin={0}
        aria-valuemax={frames.length - 1}
        aria-valuenow={index}
        aria-valuetext={spoken(frames[index], axis)}
        data-testid="timeline-slider"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          scrubTo(placeUnder(event));
        }}
        onPointerMove={(event) => {
          const at = placeUnder(event);
          setUnder(at);
          if (event.currentTarget.hasPointerCapture(event.pointerId)) scrubTo(at);
        }}
        onPointerLeave={() => setUnder(null)}
        onPointerUp={letGo}
        onPointerCancel={letGo}
      >
        {size.width > 0 ? (
          <svg width={size.width} height={size.height} aria-hidden="true">
            <CurveLines
              geometry={geometry}
              curves={curves}
              lead={lead}
              pointed={lead !== null && lead.name === pointed}
              now={now}
            />
            {under === null ? null : (
              <line
                className={styles.under}
                x1={geometry.toX(under)}
                x2={geometry.toX(under)}
                y1={2}
                y2={size.height - 30}
              />
            )}
            <Rail geometry={geometry} frames={frames} axis={axis} index={index} now={now} />
          </svg>
        ) : null}
        {under !== null && dragged === null && curves.length > 0 ? (
          <Readout
            frames={frames}
            axis={axis}
            at={under}
            curves={curves}
            x={geometry.toX(under)}
            width={size.width}
          />
        ) : null}
      </div>
      {size.width > 0 && marks.length ? <Marks geometry={geometry} frames={frames} marks={marks} /> : null}
    </div>
  );
}
