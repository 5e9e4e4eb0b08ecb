/** Where the plot is looked at from, and the travels of the camera. */
import { ease, mixStances, type Room, type Stance, stanceOf, zoomed } from "./camera";
import type { Box } from "./encode";

/** Where the view is, from where it sees the whole film: shifts in half heights of that view. */
export type Place = { x: number; y: number; zoom: number };

/** Zoom against the whole film, and the part of the plot that is seen. */
export type ViewOfPlot = {
  zoom: number;
  seen: Box;
  place: Place;
  /** A person moved it, in this plot: other plots may follow. */
  led: boolean;
};

const CAMERA_MS = 420;
/** Room around the film, as a share of its size. */
const MARGIN = 0.1;

export type Viewpoint = ReturnType<typeof createViewpoint>;

/** `onMove` is called with every new view; `ask` asks for a drawing; tools cover so much of the left edge. */
export function createViewpoint(
  room: Room,
  ask: () => void,
  onMove: (view: ViewOfPlot) => void,
  coveredPx: number,
) {
  let stance: Stance = { x: 0, y: 0, distance: 1 };
  let home: Stance | null = null;
  let box: Box | null = null;
  let movedByHand = false;
  let led = false;
  let travel: { from: Stance; to: Stance; start: number; ms: number } | null = null;

  const homeOf = (whole: Box): Stance => stanceOf(whole, room, MARGIN, coveredPx);
  const zoom = (): number => (home ? home.distance / stance.distance : 1);

  const place = (): Place => {
    const { x, y, distance } = home ?? stance;
    return { x: (stance.x - x) / distance, y: (stance.y - y) / distance, zoom: zoom() };
  };

  function set(next: Stance): void {
    stance = next;
    const half = (next.distance * room.width) / room.height;
    const seen = {
      left: next.x - half,
      right: next.x + half,
      bottom: next.y - next.distance,
      top: next.y + next.distance,
    };
    onMove({ zoom: zoom(), seen, place: place(), led });
    ask();
  }

  function travelTo(to: Stance, ms: number): void {
    travel = { from: stance, to, start: performance.now(), ms };
    ask();
  }

  function takeOver(next: Stance): void {
    movedByHand = true;
    led = true;
    travel = null;
    set(next);
  }

  return {
    stance: (): Stance => stance,
    zoom,
    place,
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
    /**
     * What the whole film covers; with `moves`, the view goes there unless the person has moved it.
     * A view that stays is told against the new box, as another window of the same film would tell it.
     */
    setBox(next: Box, moves: boolean): void {
      box = next;
      const first = home === null;
      led = false;
      home = homeOf(box);
      if (first) set(home);
      else if (moves && !movedByHand) travelTo(home, CAMERA_MS);
      else set(stance);
    },
    fit(ms = CAMERA_MS): void {
      movedByHand = false;
      led = true;
      if (!box) return;
      home = homeOf(box);
      travelTo(home, ms);
    },
    /** The room has another size. */
    refit(): void {
      if (!box) return;
      const { x, y, zoom } = place();
      // A travel under way would end where the old room had its home.
      travel = null;
      led = false;
      home = homeOf(box);
      // What was moved by hand stays where it is against the whole film, as addresses tell it.
      const { distance } = home;
      if (movedByHand) set({ x: home.x + x * distance, y: home.y + y * distance, distance: distance / zoom });
      else set(home);
    },
    zoomBy(factor: number, ms = CAMERA_MS / 2): void {
      movedByHand = true;
      led = true;
      travelTo(zoomed(stance, room, factor, room.width / 2, room.height / 2), ms);
    },
    /** Goes where another plot's view is. */
    follow({ x, y, zoom }: Place): void {
      if (!home) return;
      movedByHand = x !== 0 || y !== 0 || zoom !== 1;
      led = false;
      travel = null;
      const { distance } = home;
      set({ x: home.x + x * distance, y: home.y + y * distance, distance: distance / zoom });
    },
    /** Moves the view without zooming. */
    centreOn: (x: number, y: number): void => takeOver({ ...stance, x, y }),
  };
}
