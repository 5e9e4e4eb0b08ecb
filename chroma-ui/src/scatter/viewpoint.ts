/** Where the plot is looked at from, and the travels of the camera. */
import { ease, mixStances, type Room, type Stance, stanceOf, zoomed } from "./camera";
import type { Box } from "./encode";

/** Zoom against the whole film, and the part of the plot that is seen. */
export type ViewOfPlot = { zoom: number; seen: Box };

const CAMERA_MS = 420;
/** Room around the film, as a share of its size; the tools lie over the left edge. */
const MARGIN = 0.1;
const TOOLS_PX = 48;

export type Viewpoint = ReturnType<typeof createViewpoint>;

/** `onMove` is called with every new view; `ask` asks for a drawing. */
export function createViewpoint(room: Room, ask: () => void, onMove: (view: ViewOfPlot) => void) {
  let stance: Stance = { x: 0, y: 0, distance: 1 };
  let home: Stance | null = null;
  let box: Box | null = null;
  let movedByHand = false;
  let travel: { from: Stance; to: Stance; start: number; ms: number } | null = null;

  const homeOf = (whole: Box): Stance => stanceOf(whole, room, MARGIN, TOOLS_PX);
  const zoom = (): number => (home ? home.distance / stance.distance : 1);

  function set(next: Stance): void {
    stance = next;
    const half = (next.distance * room.width) / room.height;
    const seen = {
      left: next.x - half,
      right: next.x + half,
      bottom: next.y - next.distance,
      top: next.y + next.distance,
    };
    onMove({ zoom: zoom(), seen });
    ask();
  }

  function travelTo(to: Stance, ms: number): void {
    travel = { from: stance, to, start: performance.now(), ms };
    ask();
  }

  function takeOver(next: Stance): void {
    movedByHand = true;
    travel = null;
    set(next);
  }

  return {
    stance: (): Stance => stance,
    zoom,
    /** Moved by a person: what the film covers no longer moves it. */
    takeOver,
    travels: (): boolean => travel !== null,
    /** Goes on with a travel. */
    advance(): void {
      if (!travel) return;
      const { from, to, start, ms } = travel;
      const t = ms > 0 ? Math.min(1, (performance.now() - start) / ms) : 1;
      if (t >= 1) travel = null;
      set(mixStances(from, to, ease(t)));
    },
    /** What the whole film covers; with `moves`, the view goes there unless the person has moved it. */
    setBox(next: Box, moves: boolean): void {
      box = next;
      const first = home === null;
      if (!first && !moves) return;
      home = homeOf(box);
      if (first) set(home);
      else if (!movedByHand) travelTo(home, CAMERA_MS);
    },
    fit(ms = CAMERA_MS): void {
      movedByHand = false;
      if (!box) return;
      home = homeOf(box);
      travelTo(home, ms);
    },
    /** The room has another size. */
    refit(): void {
      if (!box || movedByHand) return;
      // A travel under way would end where the old room had its home.
      travel = null;
      home = homeOf(box);
      set(home);
    },
    zoomBy(factor: number, ms = CAMERA_MS / 2): void {
      movedByHand = true;
      travelTo(zoomed(stance, room, factor, room.width / 2, room.height / 2), ms);
    },
    /** Moves the view without zooming. */
    centreOn: (x: number, y: number): void => takeOver({ ...stance, x, y }),
  };
}
