import type { Shade } from "../lib/useTheme";
import type { Transform } from "./camera";
import type { Contour } from "./clusters";
import type { Path } from "./gestures";
import { type Free, type Label, placedNames } from "./names";

export type OverlayScene = {
  shade: Shade;
  labels: readonly Label[];
  /** Between which pixels names stand. */
  free: Free;
  contours: readonly Contour[];
  /** Holes of points that are no discs: half their size in CSS pixels, and whether they are square. */
  holes: readonly { x: number; y: number; half: number; square: boolean }[];
  /** 0 hides the contours, 1 shows them in full. */
  contourAlpha: number;
  colours: readonly string[];
  focus: { x: number; y: number; colour: string } | null;
  echo: { x: number; y: number; colour: string } | null;
  /** Ends of the lines drawn from the focused point. */
  neighbours: readonly { x: number; y: number }[];
  /** Trails of points through the frames, oldest stop first. */
  trails: readonly { colour: string; stops: readonly { x: number; y: number }[] }[];
  /** The path being drawn by hand, in CSS pixels. */
  path: Path | null;
  /** Images of points; the first of those that would overlap is drawn. */
  thumbnails: readonly (Thumbnail & { x: number; y: number; colour: string })[];
};

/** A part of an image. */
export type Thumbnail = { image: CanvasImageSource; left: number; top: number; side: number };

const INK: Record<Shade, { text: string; halo: string; line: string }> = {
  dark: { text: "#f4f5fb", halo: "rgba(13, 15, 22, 0.82)", line: "rgba(255, 255, 255, 0.34)" },
  light: { text: "#171a22", halo: "rgba(255, 255, 255, 0.9)", line: "rgba(20, 24, 38, 0.42)" },
};
/** Side of a thumbnail on the map, in CSS pixels. */
const THUMBNAIL_PX = 32;
/** As behind the points. */
const GROUND: Record<Shade, string> = { dark: "#0d0f16", light: "#f8f9fd" };
const labelFont = (size: number) => `650 ${size}px "Inter Variable", system-ui, sans-serif`;

/** Draws names, contours and the focus over the points. The context is scaled to CSS pixels. */
export function drawOverlay(context: CanvasRenderingContext2D, scene: OverlayScene, place: Transform): void {
  drawHoles(context, scene, place);
  drawContours(context, scene, place);
  drawTrails(context, scene, place);
  drawNeighbours(context, scene, place);
  drawThumbnails(context, scene, place);
  drawLabels(context, scene, place);
  drawFocus(context, scene, place);
  drawEcho(context, scene, place);
  drawPath(context, scene);
}

function drawHoles(
  context: CanvasRenderingContext2D,
  { holes, shade }: OverlayScene,
  place: Transform,
): void {
  if (holes.length === 0) return;
  context.fillStyle = GROUND[shade];
  context.beginPath();
  for (const { x, y, half, square } of holes) {
    const [left, top] = [place.toX(x), place.toY(y)];
    if (square) context.rect(left - half, top - half, 2 * half, 2 * half);
    else {
      context.moveTo(left + half, top);
      context.arc(left, top, half, 0, 2 * Math.PI);
    }
  }
  context.fill();
}

function drawContours(context: CanvasRenderingContext2D, scene: OverlayScene, place: Transform): void {
  if (scene.contourAlpha <= 0) return;
  context.lineWidth = 1;
  for (const contour of scene.contours) {
    context.strokeStyle = scene.colours[contour.code] ?? INK[scene.shade].line;
    context.globalAlpha = scene.contourAlpha * (contour.level === 0 ? 0.3 : 0.5);
    context.beginPath();
    for (const ring of contour.rings) {
      ring.forEach(([x, y], order) => {
        if (order === 0) context.moveTo(place.toX(x), place.toY(y));
        else context.lineTo(place.toX(x), place.toY(y));
      });
      context.closePath();
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** Older parts of a trail are fainter. */
function drawTrails(context: CanvasRenderingContext2D, { trails }: OverlayScene, place: Transform): void {
  context.lineWidth = 1.6;
  context.lineCap = "round";
  for (const { colour, stops } of trails) {
    context.strokeStyle = colour;
    context.fillStyle = colour;
    for (let at = 1; at < stops.length; at++) {
      const [from, to] = [stops[at - 1], stops[at]];
      context.globalAlpha = 0.12 + (0.73 * at) / (stops.length - 1);
      context.beginPath();
      context.moveTo(place.toX(from.x), place.toY(from.y));
      context.lineTo(place.toX(to.x), place.toY(to.y));
      context.stroke();
    }
    const first = stops[0];
    context.globalAlpha = 0.5;
    context.beginPath();
    context.arc(place.toX(first.x), place.toY(first.y), 1.8, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawPath(context: CanvasRenderingContext2D, { path, shade }: OverlayScene): void {
  if (!path || path.at.length < 2) return;
  const [red, green, blue] = shade === "dark" ? [139, 123, 255] : [91, 69, 230];
  context.beginPath();
  path.at.forEach(({ x, y }, order) => {
    if (order === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  context.closePath();
  context.fillStyle = `rgba(${red}, ${green}, ${blue}, 0.12)`;
  context.fill("evenodd");
  context.setLineDash([5, 4]);
  context.lineWidth = 1.5;
  context.strokeStyle = path.manner === "subtract" ? "#ff7a90" : `rgb(${red}, ${green}, ${blue})`;
  context.stroke();
  context.setLineDash([]);
}

function drawNeighbours(context: CanvasRenderingContext2D, scene: OverlayScene, place: Transform): void {
  const { focus, neighbours, shade } = scene;
  if (!focus) return;
  const [x, y] = [place.toX(focus.x), place.toY(focus.y)];
  context.lineWidth = 1;
  context.strokeStyle = INK[shade].line;
  for (const neighbour of neighbours) {
    const endX = place.toX(neighbour.x);
    const endY = place.toY(neighbour.y);
    // A slight curve separates lines to points in the same direction.
    const bendX = (x + endX) / 2 + (endY - y) * 0.12;
    const bendY = (y + endY) / 2 - (endX - x) * 0.12;
    context.beginPath();
    context.moveTo(x, y);
    context.quadraticCurveTo(bendX, bendY, endX, endY);
    context.stroke();
  }
}

function drawFocus(context: CanvasRenderingContext2D, scene: OverlayScene, place: Transform): void {
  const { focus, shade } = scene;
  if (!focus) return;
  const [x, y] = [place.toX(focus.x), place.toY(focus.y)];
  ring(context, x, y, 9, 4, INK[shade].halo);
  ring(context, x, y, 9, 2, INK[shade].text);
  context.fillStyle = focus.colour;
  context.beginPath();
  context.arc(x, y, 4, 0, 2 * Math.PI);
  context.fill();
}

function drawThumbnails(context: CanvasRenderingContext2D, scene: OverlayScene, place: Transform): void {
  const taken: { x: number; y: number }[] = [];
  for (const { image, left, top, side, colour, ...at } of scene.thumbnails) {
    const [x, y] = [place.toX(at.x), place.toY(at.y)];
    const apart = THUMBNAIL_PX + 3;
    if (taken.some((other) => Math.abs(other.x - x) < apart && Math.abs(other.y - y) < apart)) continue;
    taken.push({ x, y });
    const half = THUMBNAIL_PX / 2;
    context.drawImage(image, left, top, side, side, x - half, y - half, THUMBNAIL_PX, THUMBNAIL_PX);
    context.lineWidth = 2;
    context.strokeStyle = colour;
    context.strokeRect(x - half, y - half, THUMBNAIL_PX, THUMBNAIL_PX);
  }
}

function drawEcho(context: CanvasRenderingContext2D, { echo, shade }: OverlayScene, place: Transform): void {
  if (!echo) return;
  const [x, y] = [place.toX(echo.x), place.toY(echo.y)];
  ring(context, x, y, 11, 5, INK[shade].halo);
  ring(context, x, y, 11, 3, echo.colour);
}

function ring(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  width: number,
  ink: string,
) {
  context.lineWidth = width;
  context.strokeStyle = ink;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function drawLabels(context: CanvasRenderingContext2D, scene: OverlayScene, place: Transform): void {
  const { size, names } = placedNames(scene.labels, place, scene.free, (text, size) => {
    context.font = labelFont(size);
    return context.measureText(text).width;
  });
  context.font = labelFont(size);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 5;
  context.strokeStyle = INK[scene.shade].halo;
  context.fillStyle = INK[scene.shade].text;
  for (const { text, x, y } of names) {
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}
