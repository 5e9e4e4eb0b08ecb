/** The canvas over the points: group names, contours, the focus, trails and the path being drawn. */
import type { Shade } from "../lib/useTheme";
import type { Transform } from "./camera";
import type { Contoured } from "./clusters";
import { type Between, type Points, placeBetween, placeX, placeY } from "./encode";
import type { Path } from "./gestures";
import { createGroupLabels } from "./groupLabels";
import { drawOverlay, type Thumbnail } from "./overlay";
import { type Scene, SHAPES, type Style } from "./types";

export type OverlayScene = {
  scene: Scene;
  moment: Between;
  style: Style;
  /** CSS pixels at the left edge that are covered. */
  covered: number;
  /** Diameter of the points in CSS pixels. */
  size: number;
  still: boolean;
  focus: { index: number; neighbours: readonly number[] } | null;
  /** The point that is hovered in another plot. */
  echo: number | null;
  trails: { indices: readonly number[]; frames: readonly Points[] } | null;
  path: Path | null;
  /** Images of points, by index. */
  thumbnails: ReadonlyMap<number, Thumbnail>;
};

const CONTOUR_FADE_MS = 260;

/** `contoured` is null where contours are not wanted. */
type Overlaid = { fades: boolean; contoured: Contoured | null };
const BARE: Overlaid = { fades: false, contoured: null };

/** A hole takes this share of a point's diameter, and is at least so large, in CSS pixels. */
const HOLE = 0.5;
const LEAST_HOLE = 2.4;

function holesOf(
  { shapes, drawn, points }: Scene,
  size: number,
  spot: (i: number) => { x: number; y: number },
) {
  if (!shapes) return [];
  const half = Math.max(LEAST_HOLE, HOLE * size) / 2;
  return [...drawn]
    .filter((i) => shapes[i] !== SHAPES.disc && points.present[i])
    .map((i) => ({ ...spot(i), half, square: shapes[i] === SHAPES.frame }));
}

export function createOverlayLayer(canvas: HTMLCanvasElement) {
  const pencil = canvas.getContext("2d");
  const groupLabels = createGroupLabels();

  return {
    /** Draws everything; returns whether something is still fading in, and which groups have contours. */
    draw(overlay: OverlayScene | null, place: Transform, width: number, height: number): Overlaid {
      if (!pencil) return BARE;
      const ratio = canvas.width / width;
      pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
      pencil.clearRect(0, 0, width, height);
      if (!overlay) return BARE;
      const { scene, moment, style, focus, echo, still } = overlay;
      const { to } = moment;
      const present = (index: number) => to.present[index] === 1;
      const [x, y] = placeBetween(moment);
      const spot = (index: number) => ({ x: x(index), y: y(index) });
      const ink = (index: number) => scene.palette[scene.codes[index]] ?? "#fff";
      const contours = style.contours ? groupLabels.contours(scene, moment, still) : [];
      const age = groupLabels.age() / CONTOUR_FADE_MS;
      drawOverlay(
        pencil,
        {
          shade: style.shade as Shade,
          labels: style.labels ? groupLabels.labels(scene, moment) : [],
          free: { left: overlay.covered, right: width },
          contours,
          holes: holesOf(scene, overlay.size, spot),
          contourAlpha: Math.min(1, age),
          colours: scene.groups?.colours ?? [],
          focus: focus && present(focus.index) ? { ...spot(focus.index), colour: ink(focus.index) } : null,
          echo: echo !== null && present(echo) ? { ...spot(echo), colour: ink(echo) } : null,
          neighbours: (focus?.neighbours ?? []).filter(present).map(spot),
          trails: (overlay.trails?.indices ?? []).filter(present).map((index) => ({
            colour: ink(index),
            stops: [
              ...(overlay.trails?.frames ?? [])
                .filter((frame) => frame.present[index])
                .map((frame) => ({ x: placeX(frame, index), y: placeY(frame, index) })),
              spot(index),
            ],
          })),
          path: overlay.path,
          thumbnails: still
            ? [...overlay.thumbnails]
                .filter(([index]) => present(index))
                .map(([index, image]) => ({ ...image, ...spot(index), colour: ink(index) }))
            : [],
        },
        place,
      );
      return {
        fades: contours.length > 0 && age < 1,
        contoured: style.contours ? groupLabels.contoured(scene, moment) : null,
      };
    },
  };
}
