/** The metrics of an exported film, above its slider. */
import { count, logged } from "../lib/format";
import type { Shade } from "../lib/useTheme";
import { categoryColour } from "../scatter/palette";
import { drawnAtFirst, inOrder, metricCurves, piecesOf, readingAt, smoothPath } from "../timeline/curves";
import { element } from "./element";
import type { ExportedFilm } from "./unpack";

const SVG = "http://www.w3.org/2000/svg";
/** Units of the drawing, which is as wide as the slider. */
const [WIDTH, HEIGHT] = [1000, 60];

/** `parts` stand above the slider; none where there is nothing to draw. */
export function createCurves(film: ExportedFilm) {
  const frames = film.frames.map((frame, index) => ({ ...frame, index }));
  const steps = frames as unknown as Parameters<typeof metricCurves>[1];
  const all = inOrder(
    metricCurves(
      film.metrics.map(({ name, points }) => ({
        name,
        points: points.map(([step, value]) => ({ epoch: null, step, value: value ?? Number.NaN })),
      })),
      steps,
    ),
  );
  const first = drawnAtFirst(all);
  const curves = all.filter(({ name }) => first.has(name));
  if (curves.length === 0) return { parts: [], show: () => undefined };

  const last = Math.max(1, frames.length - 1);
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("class", "curves");
  drawing.setAttribute("aria-hidden", "true");
  const lines = curves.map((curve) => {
    const line = document.createElementNS(SVG, "path");
    const path = piecesOf(curve, []).map((piece) =>
      smoothPath(piece.map(({ at, height }) => ({ x: (at / last) * WIDTH, y: (1 - height) * HEIGHT }))),
    );
    line.setAttribute("d", path.join(""));
    drawing.append(line);
    return line;
  });
  const values = curves.map((curve) => {
    const own = film.metrics.find(({ name }) => name === curve.name);
    const thinned = own && own.points.length < own.of;
    const entry = element("li", "", element("i", "dot"), element("span", "", curve.name), element("b", ""));
    if (own && thinned) entry.title = `drawn from ${count(own.points.length)} of ${count(own.of)} values`;
    return entry;
  });
  const names = element("ul", "readings", ...values);
  return {
    parts: [names, drawing],
    show(frame: number, shade: Shade): void {
      curves.forEach((curve, at) => {
        const ink = categoryColour(at, shade);
        lines[at].setAttribute("stroke", ink);
        const [dot, , value] = values[at].children;
        (dot as HTMLElement).style.background = ink;
        value.textContent = logged(readingAt(curve, steps, frame)?.value ?? null);
      });
    },
  };
}
