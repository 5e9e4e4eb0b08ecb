import { useEffect, useRef } from "react";
import { useSeen } from "../lib/useSeen";
import { useReducedMotion, useShade } from "../lib/useTheme";
import { ease } from "../scatter/camera";
import { boundingBox, union } from "../scatter/encode";
import styles from "./card.module.css";
import { drawThumbnail } from "./drawThumbnail";
import { type CardFilm, useThumbnailFrames } from "./useThumbnailFrames";

/** Time from frame to frame, and how many such times the last frame stays. */
const FRAME_MS = 420;
const REST_FRAMES = 2;

type Props = { film: CardFilm; width: number; height: number; playing: boolean };

/** The last frame of a film, coloured by label; all frames in turn while it plays. */
export function Thumbnail({ film, width, height, playing }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const mark = useRef<HTMLSpanElement>(null);
  const shade = useShade();
  const still = useReducedMotion();
  const moving = playing && !still;
  const thumbnail = useThumbnailFrames(film, useSeen(canvas), moving);

  useEffect(() => {
    const frames = thumbnail?.frames ?? [];
    const box = frames.map(boundingBox).reduce(union, null);
    if (!canvas.current || !thumbnail || !box) return;
    const how = { width, height, shade, box };
    const last = frames.length - 1;
    drawThumbnail(canvas.current, thumbnail, last, how);
    if (!moving || last === 0) return;
    const start = performance.now();
    let pendingDraw = 0;
    const tick = () => {
      const place = ((performance.now() - start) / FRAME_MS) % (last + REST_FRAMES);
      const at = Math.min(last, Math.floor(place) + ease(place % 1));
      if (canvas.current) drawThumbnail(canvas.current, thumbnail, at, how);
      if (mark.current) mark.current.style.width = `${(100 * at) / last}%`;
      pendingDraw = requestAnimationFrame(tick);
    };
    pendingDraw = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(pendingDraw);
  }, [thumbnail, moving, shade, width, height]);

  return (
    <>
      <canvas
        ref={canvas}
        width={width * window.devicePixelRatio}
        height={height * window.devicePixelRatio}
        style={{ width, height }}
        role="img"
        aria-label={`The last frame of ${film.layer} in ${film.split}`}
        data-drawn={thumbnail ? thumbnail.frames.length : undefined}
        data-step={thumbnail?.step}
      />
      <span className={styles.progress} aria-hidden="true">
        <span ref={mark} style={moving ? undefined : { width: 0 }} />
      </span>
    </>
  );
}
