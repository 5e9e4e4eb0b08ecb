import { useCallback, useEffect, useRef } from "react";
import { type Film, fetchColumn, fetchFrame } from "../api/bytes";
import { useLoaded } from "../lib/useLoaded";
import { useShade } from "../lib/useTheme";
import { boundingBox, placed, placeX, placeY } from "../scatter/encode";
import { legendColours, MISSING } from "../scatter/palette";

/** More points than this do not make a small picture clearer. */
const MOST_POINTS = 3000;
const EDGE = 10;

/** The last frame of a film, coloured by label. */
export function Thumbnail({ film, width, height }: { film: Film; width: number; height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shade = useShade();
  const load = useCallback(async () => {
    const { revision } = film;
    const frame = revision?.frames[revision.frames.length - 1];
    if (!revision || !frame) return null;
    const label = film.columns.find(({ name }) => name === "label");
    const [raw, values] = await Promise.all([
      fetchFrame(film, revision, frame),
      label ? fetchColumn(film, label, frame) : null,
    ]);
    return { points: placed(raw, revision, revision), label: values?.kind === "categorical" ? values : null };
  }, [film]);
  const loaded = useLoaded(load);

  useEffect(() => {
    const pencil = canvas.current?.getContext("2d");
    const box = loaded ? boundingBox(loaded.points) : null;
    if (!pencil || !loaded || !box) return;
    const { points, label } = loaded;
    const ratio = window.devicePixelRatio;
    pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
    pencil.clearRect(0, 0, width, height);
    const scale = Math.min(
      (width - 2 * EDGE) / Math.max(1e-6, box.right - box.left),
      (height - 2 * EDGE) / Math.max(1e-6, box.top - box.bottom),
    );
    const colours = legendColours("label", label?.legend ?? ["all"], label?.legend ?? [], shade);
    const stride = Math.ceil(points.n / MOST_POINTS);
    pencil.globalAlpha = 0.8;
    for (let i = 0; i < points.n; i += stride) {
      if (!points.present[i]) continue;
      pencil.fillStyle = colours[label ? label.codes[i] : 0] ?? MISSING[shade];
      const x = width / 2 + (placeX(points, i) - (box.left + box.right) / 2) * scale;
      const y = height / 2 - (placeY(points, i) - (box.bottom + box.top) / 2) * scale;
      pencil.fillRect(x - 1, y - 1, 2, 2);
    }
  }, [loaded, shade, width, height]);

  return (
    <canvas
      ref={canvas}
      width={width * window.devicePixelRatio}
      height={height * window.devicePixelRatio}
      style={{ width, height }}
      role="img"
      aria-label={`The last frame of ${film.layer} in ${film.split}`}
      data-drawn={loaded ? true : undefined}
    />
  );
}
