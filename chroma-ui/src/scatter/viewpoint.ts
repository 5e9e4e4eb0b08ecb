/** The plot's camera and its animations. */
import { type Covered, ease, mixStances, type Room, type Stance, stanceOf, zoomed } from "./camera";
import type { Box } from "./encode";

/** The camera relative to the view of the whole film: shifts in half heights of that view. */
export type Place = { x: number; y: number; zoom: number };

/** Zoom relative to the whole film, and the part of the plot that is visible. */
export type ViewOfPlot = {
  zoom: number;
  seen: Box;
  place: Place;
  /** True if a person moved it in this plot, so that other plots may follow. */
  led: boolean;
};

const CAMERA_MS = 420;
/** Margin around the film, as a share of its size. */
const MARGIN = 0.07;

/** `onMove` is called with every new view, `requestDraw` when it must be drawn. */
export function createViewpoint(
  room: Room,
  requestDraw: () => void,
  onMove: (view: ViewOfPlot) => void,
  covered: () => Covered,
) {
  let stance: Stance = { x: 0, y: 0, distance: 1 };
  let home: Stance | null = null;
  let box: Box | null = null;
  let movedByHand = false;
  let led = false;
  let travel: { from: Stance; to: Stance; start: number; ms: number } | null = null;

  const homeOf = (whole: Box): Stance => stanceOf(whole, room, MARGIN, covered());
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
    requestDraw();
  }

  function travelTo(to: Stance, ms: number): void {
    travel = { from: stance, to, start: performance.now(), ms };
    requestDraw();
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
    /** A person moves the camera: from now on it no longer follows the film's box. */
    takeOver,
    travels: (): boolean => travel !== null,
    /** Advances the running animation. */
    advance(): void {
      if (!travel) return;
      const { from, to, start, ms } = travel;
      const t = ms > 0 ? Math.min(1, (performance.now() - start) / ms) : 1;
      if (t >= 1) travel = null;
      set(mixStances(from, to, ease(t)));
    },
    /**
     * Sets the box of the whole film. With `moves`, the camera goes there unless a person has moved it; a camera
     * that stays is reported relative to the new box, as another window on the same film would report it.
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
    /** The canvas has another size. */
    refit(): void {
      if (!box) return;
      const { x, y, zoom } = place();
      // A running animation would end where the old size had its home.
      travel = null;
      led = false;
      home = homeOf(box);
      // A camera moved by hand keeps its place relative to the whole film, as the address has it.
      const { distance } = home;
      if (movedByHand) set({ x: home.x + x * distance, y: home.y + y * distance, distance: distance / zoom });
      else set(home);
    },
    zoomBy(factor: number, ms = CAMERA_MS / 2): void {
      movedByHand = true;
      led = true;
      travelTo(zoomed(stance, room, factor, room.width / 2, room.height / 2), ms);
    },
    /** Moves to another plot's camera. */
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
