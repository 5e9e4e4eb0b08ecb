/** What lies over the points: names, contours, the focus, trails and the path being drawn. */
import type { Shade } from "../lib/useTheme";
import { mix, type Transform } from "./camera";
import { type Contour, clusterContours, clusterMedians } from "./clusters";
import { type Points, placeX, placeY } from "./encode";
import type { Path } from "./gestures";
import { drawOverlay, type Label } from "./overlay";
import type { Scene, Style } from "./plot";

/** Where the points are: between two frames. */
export type Moment = { from: Points; to: Points; along: number };

export type CoverScene = {
  scene: Scene;
  moment: Moment;
  style: Style;
  still: boolean;
  focus: { index: number; neighbours: readonly number[] } | null;
  /** The point that is hovered in another plot. */
  echo: number | null;
  trails: { indices: readonly number[]; frames: readonly Points[] } | null;
  path: Path | null;
};

/** More points than this make contours too slow to follow a film. */
const MOST_CONTOURED = 1_200_000;
const MOST_CONTOURED_GROUPS = 40;
const CONTOUR_FADE_MS = 260;

export function createCover(canvas: HTMLCanvasElement) {
  const pencil = canvas.getContext("2d");
  /** Names by frame, valid for the groups and the drawn points they were made of. */
  let names = new WeakMap<Points, Label[]>();
  let namesOf: { groups: Scene["groups"]; drawn: Uint32Array } | null = null;
  let lines: { scene: Scene; contours: Contour[]; since: number } | null = null;

  function labelsAt(points: Points, { groups, drawn }: Scene): Label[] {
    if (!groups) return [];
    if (namesOf?.groups !== groups || namesOf.drawn !== drawn) {
      names = new WeakMap();
      namesOf = { groups, drawn };
    }
    const known = names.get(points);
    if (known) return known;
    const found = clusterMedians(points, groups.codes, drawn, groups.names.length).map(
      ({ code, x, y, size }) => ({ text: groups.names[code], x, y, size }),
    );
    names.set(points, found);
    return found;
  }

  function labels(scene: Scene, { from, to, along }: Moment): Label[] {
    const at = labelsAt(to, scene);
    if (along >= 1 || from === to) return at;
    const before = new Map(labelsAt(from, scene).map((label) => [label.text, label]));
    return at.map((label) => {
      const was = before.get(label.text);
      return was ? { ...label, x: mix(was.x, label.x, along), y: mix(was.y, label.y, along) } : label;
    });
  }

  function contoursOf(scene: Scene): Contour[] {
    if (lines?.scene !== scene) {
      const { points, drawn, groups } = scene;
      const tooMany = drawn.length > MOST_CONTOURED || (groups?.names.length ?? 0) > MOST_CONTOURED_GROUPS;
      const samePlaces = lines?.scene.points === points;
      const contours =
        groups && !tooMany ? clusterContours(points, groups.codes, drawn, groups.names.length) : [];
      lines = { scene, contours, since: samePlaces ? 0 : performance.now() };
    }
    return lines.contours;
  }

  return {
    /** Draws all of it; returns whether something still fades in. */
    draw(cover: CoverScene | null, place: Transform, width: number, height: number): boolean {
      if (!pencil) return false;
      const ratio = canvas.width / width;
      pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
      pencil.clearRect(0, 0, width, height);
      if (!cover) return false;
      const { scene, moment, style, focus, echo, still } = cover;
      const { from, to, along } = moment;
      const present = (index: number) => to.present[index] === 1;
      const spot = (index: number) => {
        const t = from.present[index] ? along : 1;
        return {
          x: mix(placeX(from, index), placeX(to, index), t),
          y: mix(placeY(from, index), placeY(to, index), t),
        };
      };
      const ink = (index: number) => scene.palette[scene.codes[index]] ?? "#fff";
      const contours = style.contours && still ? contoursOf(scene) : [];
      const age = lines ? (performance.now() - lines.since) / CONTOUR_FADE_MS : 1;
      drawOverlay(
        pencil,
        {
          shade: style.shade as Shade,
          labels: style.labels ? labels(scene, moment) : [],
          contours,
          contourAlpha: Math.min(1, age),
          colours: scene.groups?.colours ?? [],
          focus: focus && present(focus.index) ? { ...spot(focus.index), colour: ink(focus.index) } : null,
          echo: echo !== null && present(echo) ? { ...spot(echo), colour: ink(echo) } : null,
          neighbours: (focus?.neighbours ?? []).filter(present).map(spot),
          trails: (cover.trails?.indices ?? []).filter(present).map((index) => ({
            colour: ink(index),
            stops: [
              ...(cover.trails?.frames ?? [])
                .filter((frame) => frame.present[index])
                .map((frame) => ({ x: placeX(frame, index), y: placeY(frame, index) })),
              spot(index),
            ],
          })),
          path: cover.path,
        },
        place,
      );
      return contours.length > 0 && age < 1;
    },
  };
}
