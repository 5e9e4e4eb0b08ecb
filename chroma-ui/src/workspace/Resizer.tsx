import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { clampSize, LEAST_SIZE, type Side } from "../state/layout";
import styles from "./docks.module.css";

const KEY_STEP = 24;
/** The part of the window that a side may take. */
const MOST = 0.7;

type Props = {
  side: Side;
  label: string;
  /** In CSS pixels; null is the usual one. */
  size: number | null;
  onResize: (side: Side, size: number | null) => void;
};

/** The edge of a side, which resizes it: drag it, or focus it and press the arrow keys; a double click resets it. */
export function Resizer({ side, label, size, onResize }: Props) {
  const edge = useRef<HTMLDivElement>(null);
  const dragged = useRef<number | null>(null);
  const isUpright = side !== "bottom";
  const room = () => MOST * (isUpright ? window.innerWidth : window.innerHeight);
  const now = () => {
    const place = edge.current?.parentElement?.getBoundingClientRect();
    return place ? (isUpright ? place.width : place.height) : LEAST_SIZE;
  };
  const [said, setSaid] = useState(LEAST_SIZE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another size is measured anew
  useEffect(() => setSaid(Math.round(now())), [size]);
  const atPointer = ({ clientX, clientY }: PointerEvent) => {
    const place = edge.current?.parentElement?.getBoundingClientRect();
    if (!place) return LEAST_SIZE;
    const wanted =
      side === "left"
        ? clientX - place.left
        : side === "right"
          ? place.right - clientX
          : place.bottom - clientY;
    return clampSize(Math.min(wanted, room()));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const grow = { left: "ArrowRight", right: "ArrowLeft", bottom: "ArrowUp" }[side];
    const shrink = { left: "ArrowLeft", right: "ArrowRight", bottom: "ArrowDown" }[side];
    const by = event.key === grow ? KEY_STEP : event.key === shrink ? -KEY_STEP : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    onResize(side, Math.min(now() + by, room()));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> cannot be dragged by everyone
    <div
      ref={edge}
      className={styles.edge}
      data-side={side}
      data-testid={`resize-${side}`}
      role="separator"
      aria-label={`Size of: ${label}`}
      aria-orientation={isUpright ? "vertical" : "horizontal"}
      aria-valuenow={said}
      aria-valuemin={LEAST_SIZE}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onDoubleClick={() => onResize(side, null)}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        dragged.current = now();
      }}
      onPointerMove={(event) => {
        if (dragged.current === null) return;
        dragged.current = atPointer(event);
        // The page itself renders once, at the end.
        edge.current
          ?.closest<HTMLElement>("[data-workspace]")
          ?.style.setProperty(`--${side}`, `${dragged.current}px`);
      }}
      onPointerUp={() => {
        if (dragged.current !== null && Math.abs(dragged.current - (size ?? -1)) >= 1)
          onResize(side, dragged.current);
        dragged.current = null;
      }}
    />
  );
}
