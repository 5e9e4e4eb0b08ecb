/** Group names and contours that follow the points, coarser while the points move. */
import { mix } from "./camera";
import {
  type Contour,
  type Contoured,
  clusterContours,
  clusterMedians,
  contouredAmong,
  type Group,
  groupsAmong,
  thinned,
} from "./clusters";
import { type Between, placeBetween } from "./encode";
import { withMass } from "./mass";
import type { Label } from "./names";
import type { Scene } from "./types";

/** Points used of a group, and cells of its grid, while the points move. */
const MOVING_SAMPLE = 500;
const MOVING_CELLS = 64;
/** Contours may take this share of the time while the points move. */
const SHARE = 0.4;

const placesAt = (points: Between["to"]) => placeBetween({ from: points, to: points, along: 1 });

/** The groups that have mass in a frame, those with contours, and these with fewer points. */
type Massive = { all: Group[]; contoured: Group[]; few: Group[] };

/** Names and contours of the groups that have mass. */
export function createGroupLabels() {
  let groups: { of: Scene["groups"]; drawn: Uint32Array; all: Group[] } | null = null;
  let massive = new WeakMap<object, Massive>();
  let names = new WeakMap<object, Label[]>();
  let lines: { scene: Scene; still: boolean; contours: Contour[]; at: number; cost: number } | null = null;
  /** When contours appeared where there were none before: they fade in. */
  let since = 0;

  function groupsAt(points: Between["to"], scene: Scene): Massive {
    const { groups: wanted, drawn } = scene;
    if (!wanted) return { all: [], contoured: [], few: [] };
    if (groups?.of !== wanted || groups.drawn !== drawn) {
      groups = { of: wanted, drawn, all: groupsAmong(wanted.codes, drawn, wanted.names.length) };
      massive = new WeakMap();
      names = new WeakMap();
    }
    const known = massive.get(points);
    if (known) return known;
    const all = withMass(groups.all, wanted.codes, drawn, ...placesAt(points));
    const contoured = contouredAmong(all);
    const found = { all, contoured, few: thinned(contoured, MOVING_SAMPLE) };
    massive.set(points, found);
    return found;
  }

  function labelsAt(points: Between["to"], scene: Scene): Label[] {
    const { all } = groupsAt(points, scene);
    const known = names.get(points);
    if (known) return known;
    const found = clusterMedians(all, ...placesAt(points)).map(({ code, ...where }) => ({
      text: scene.groups?.names[code] ?? "",
      ...where,
    }));
    names.set(points, found);
    return found;
  }

  return {
    /** Group names at the groups' current positions. */
    labels(scene: Scene, { from, to, along }: Between): Label[] {
      const at = labelsAt(to, scene);
      if (along >= 1 || from === to) return at;
      const before = new Map(labelsAt(from, scene).map((label) => [label.text, label]));
      return at.map((label) => {
        const was = before.get(label.text);
        return was ? { ...label, x: mix(was.x, label.x, along), y: mix(was.y, label.y, along) } : label;
      });
    },
    /** Contours of the points at their current positions: exact once they rest, coarser while they move. */
    contours(scene: Scene, moment: Between, still: boolean): Contour[] {
      const now = performance.now();
      const unchanged = lines?.scene === scene && lines.still && still;
      const tooSoon = lines !== null && !still && now - lines.at < lines.cost / SHARE;
      if (lines && (unchanged || tooSoon)) return lines.contours;
      const { contoured, few } = groupsAt(moment.to, scene);
      const [x, y] = placeBetween(moment);
      const contours = still ? clusterContours(contoured, x, y) : clusterContours(few, x, y, MOVING_CELLS);
      const came = lines === null || (still && lines.still && lines.scene.points !== scene.points);
      if (came) since = now;
      lines = { scene, still, contours, at: now, cost: performance.now() - now };
      return contours;
    },
    /** How many groups have contours at a moment. */
    contoured(scene: Scene, { to }: Between): Contoured {
      const { all, contoured } = groupsAt(to, scene);
      return { groups: contoured.length, of: all.length };
    },
    /** Time since contours appeared, in ms. */
    age: (): number => performance.now() - since,
  };
}
