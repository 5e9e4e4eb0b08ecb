/** Turns pointer and wheel events on the canvas into camera moves, clicks and selecting paths. */
import { type Room, type Stance, zoomed } from "./camera";

export type Tool = "move" | "lasso" | "box";
export type Manner = "replace" | "add" | "subtract";
/** A path in CSS pixels of the canvas, open while it is drawn. */
export type Path = { manner: Manner; at: { x: number; y: number }[] };

export type Hand = {
  tool: () => Tool;
  stance: () => Stance;
  room: () => Room;
  onStance: (stance: Stance) => void;
  /** Whether dragging turns the points in space, by these pixels, in place of the view. */
  turns: () => boolean;
  onTurn: (right: number, down: number) => void;
  onHover: (place: { x: number; y: number } | null) => void;
  onPick: (place: { x: number; y: number }) => void;
  /** The path drawn so far; null once it has ended. */
  onPath: (path: Path | null) => void;
  onSelect: (path: Path) => void;
};

/** A press that moves less than this is a click. */
const CLICK_PX = 4;
/** Points of a lasso are at least this far apart. */
const LASSO_PX = 3;
const WHEEL_ZOOM = 0.0016;
const LINE_PX = 16;

type Press = { id: number; x: number; y: number; from: Stance; path: Path | null; moved: boolean };

export function watchGestures(canvas: HTMLCanvasElement, hand: Hand): () => void {
  let press: Press | null = null;
  let box = false;
  const touches = new Map<number, { x: number; y: number }>();
  let hoverAt: { x: number; y: number } | null = null;
  let hoverAsked = 0;

  const placeOf = (event: PointerEvent | WheelEvent) => {
    const corner = canvas.getBoundingClientRect();
    return { x: event.clientX - corner.left, y: event.clientY - corner.top };
  };

  const requestHover = (place: typeof hoverAt) => {
    hoverAt = place;
    // Pointer moves come faster than animation frames: only the newest counts.
    hoverAsked ||= requestAnimationFrame(() => {
      hoverAsked = 0;
      hand.onHover(press ? null : hoverAt);
    });
  };

  const onDown = (event: PointerEvent) => {
    if (event.button > 1) return;
    const place = placeOf(event);
    touches.set(event.pointerId, place);
    canvas.setPointerCapture(event.pointerId);
    const tool = hand.tool();
    const modified = event.shiftKey || event.altKey;
    const selects = event.button === 0 && touches.size === 1 && (tool !== "move" || modified);
    box = tool === "box";
    const manner: Manner = event.altKey ? "subtract" : event.shiftKey ? "add" : "replace";
    if (press?.path) hand.onPath(null);
    press = {
      id: event.pointerId,
      ...place,
      from: hand.stance(),
      path: selects ? { manner, at: [place] } : null,
      // Two fingers are no tap.
      moved: touches.size > 1,
    };
    requestHover(null);
  };

  const onMove = (event: PointerEvent) => {
    const place = placeOf(event);
    if (!press) {
      if (event.pointerType !== "touch") requestHover(place);
      return;
    }
    const before = touches.get(event.pointerId);
    touches.set(event.pointerId, place);
    const other = [...touches].find(([id]) => id !== event.pointerId)?.[1];
    if (other && before) {
      pinch(before, place, other);
      return;
    }
    if (event.pointerId !== press.id) return;
    press.moved ||= Math.hypot(place.x - press.x, place.y - press.y) >= CLICK_PX;
    if (!press.moved) return;
    if (press.path) stretch(press.path, place);
    else if (hand.turns() && before) hand.onTurn(place.x - before.x, place.y - before.y);
    else pan(press, place);
  };

  const pan = ({ from, x, y }: Press, place: { x: number; y: number }) => {
    const scale = (2 * from.distance) / hand.room().height;
    hand.onStance({ ...from, x: from.x - (place.x - x) * scale, y: from.y + (place.y - y) * scale });
  };

  const pinch = (before: { x: number; y: number }, now: typeof before, other: typeof before) => {
    const factor =
      Math.hypot(now.x - other.x, now.y - other.y) / Math.hypot(before.x - other.x, before.y - other.y);
    if (!Number.isFinite(factor) || factor <= 0) return;
    // What lay between the fingers stays between them: it moves by half of what one of them does.
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    const stance = zoomed(hand.stance(), hand.room(), factor, middle.x, middle.y);
    const scale = (2 * stance.distance) / hand.room().height;
    const [right, down] = [(now.x - before.x) / 2, (now.y - before.y) / 2];
    hand.onStance({ ...stance, x: stance.x - right * scale, y: stance.y + down * scale });
    // The finger that stays on the canvas goes on from here.
    if (press) press.from = hand.stance();
  };

  const stretch = (path: Path, place: { x: number; y: number }) => {
    const [first] = path.at;
    const last = path.at[path.at.length - 1];
    if (box) {
      path.at = [first, { x: place.x, y: first.y }, place, { x: first.x, y: place.y }];
    } else if (Math.hypot(place.x - last.x, place.y - last.y) >= LASSO_PX) path.at.push(place);
    hand.onPath(path);
  };

  const onUp = (event: PointerEvent) => {
    touches.delete(event.pointerId);
    if (!press || event.pointerId !== press.id) return;
    const { path, moved, x, y } = press;
    press = null;
    if (event.type === "pointercancel") {
      hand.onPath(null);
      return;
    }
    if (!moved) {
      if (event.button === 0) hand.onPick({ x, y });
    } else if (path && path.at.length > 2) hand.onSelect(path);
    hand.onPath(null);
    requestHover(placeOf(event));
  };

  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const { x, y } = placeOf(event);
    // Firefox counts lines; a pinch on a touchpad comes as a wheel with ctrl, in small steps.
    const turned = event.deltaY * (event.deltaMode === 1 ? LINE_PX : 1) * (event.ctrlKey ? 5 : 1);
    hand.onStance(zoomed(hand.stance(), hand.room(), Math.exp(-turned * WHEEL_ZOOM), x, y));
  };

  const onLeave = () => requestHover(null);
  canvas.addEventListener("pointerdown", onDown);
  canvas.addEventListener("pointermove", onMove);
  canvas.addEventListener("pointerup", onUp);
  canvas.addEventListener("pointercancel", onUp);
  canvas.addEventListener("pointerleave", onLeave);
  canvas.addEventListener("wheel", onWheel, { passive: false });
  return () => {
    cancelAnimationFrame(hoverAsked);
    canvas.removeEventListener("pointerdown", onDown);
    canvas.removeEventListener("pointermove", onMove);
    canvas.removeEventListener("pointerup", onUp);
    canvas.removeEventListener("pointercancel", onUp);
    canvas.removeEventListener("pointerleave", onLeave);
    canvas.removeEventListener("wheel", onWheel);
  };
}
