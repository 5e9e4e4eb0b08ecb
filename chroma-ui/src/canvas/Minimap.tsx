import { type PointerEvent, useEffect, useRef } from "react";
import { useStore } from "zustand";
import { type Box, placeX, placeY } from "../scatter/encode";
import type { Scene } from "../scatter/types";
import styles from "./canvas.module.css";
import type { Views } from "./views";

type Props = { scene: Scene; whole: Box; views: Views; onMove: (x: number, y: number) => void };

const WIDTH = 132;
const HEIGHT = 92;
const EDGE = 6;
/** More points than this do not make the map clearer. */
const MOST_POINTS = 12_000;

/** A map of the whole film with the visible part marked; hidden while all of it is visible. */
export function Minimap({ scene, whole, views, onMove }: Props) {
  const seen = useStore(views, ({ view }) => view?.seen ?? whole);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scale = Math.min(
    (WIDTH - 2 * EDGE) / Math.max(1e-6, whole.right - whole.left),
    (HEIGHT - 2 * EDGE) / Math.max(1e-6, whole.top - whole.bottom),
  );
  const toX = (x: number) => WIDTH / 2 + (x - (whole.left + whole.right) / 2) * scale;
  const toY = (y: number) => HEIGHT / 2 - (y - (whole.bottom + whole.top) / 2) * scale;
  const seesAll =
    seen.left <= whole.left &&
    seen.right >= whole.right &&
    seen.bottom <= whole.bottom &&
    seen.top >= whole.top;

  // biome-ignore lint/correctness/useExhaustiveDependencies: toX and toY follow from the box
  useEffect(() => {
    const pencil = canvas.current?.getContext("2d");
    if (!pencil) return;
    const ratio = window.devicePixelRatio;
    pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
    pencil.clearRect(0, 0, WIDTH, HEIGHT);
    const { points, codes, palette, drawn } = scene;
    const stride = Math.max(1, Math.ceil(drawn.length / MOST_POINTS));
    for (let order = 0; order < drawn.length; order += stride) {
      const i = drawn[order];
      pencil.fillStyle = palette[codes[i]];
      pencil.fillRect(toX(placeX(points, i)) - 0.6, toY(placeY(points, i)) - 0.6, 1.2, 1.2);
    }
  }, [scene, whole, seesAll]);

  if (seesAll) return null;

  const move = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons !== 1) return;
    const corner = event.currentTarget.getBoundingClientRect();
    onMove(
      (whole.left + whole.right) / 2 + (event.clientX - corner.left - WIDTH / 2) / scale,
      (whole.bottom + whole.top) / 2 - (event.clientY - corner.top - HEIGHT / 2) / scale,
    );
  };
  const ratio = window.devicePixelRatio;
  return (
    <div
      className={styles.minimap}
      data-testid="minimap"
      style={{ width: WIDTH, height: HEIGHT }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        move(event);
      }}
      onPointerMove={move}
    >
      <canvas ref={canvas} width={WIDTH * ratio} height={HEIGHT * ratio} />
      <span
        className={styles.seen}
        style={{
          left: toX(seen.left),
          top: toY(seen.top),
          width: (seen.right - seen.left) * scale,
          height: (seen.top - seen.bottom) * scale,
        }}
      />
    </div>
  );
}
