/** The plot: an imperative object around the renderer, the overlay and the gestures. Knows nothing of React. */
import { appearanceFor } from "./appearance";
import { type Covered, placeUnder, screenTransform } from "./camera";
import type { Contoured } from "./clusters";
import { type Between, type Points, placeBetween, placeX, placeY } from "./encode";
import { type Manner, type Path, type Tool, watchGestures } from "./gestures";
import { countMarks, dims, markPoints } from "./marks";
import type { Thumbnail } from "./overlay";
import { createOverlayLayer } from "./overlayLayer";
import { type Cells, nearest, sortIntoCells, towards, within } from "./picking";
import { countPixels, laidOver, type PixelCount } from "./pixels";
import { createRenderer } from "./renderer";
import { createSheets } from "./sheets";
import { FRONT, type Space, seenFrom, turnedBy } from "./space";
import { createTransition } from "./transition";
import type { Scene, Style } from "./types";
import { createViewpoint, type ViewOfPlot } from "./viewpoint";

export type PlotEvents = {
  onHover: (index: number | null) => void;
  onClick: (index: number) => void;
  onView: (view: ViewOfPlot) => void;
  onSelect: (indices: Uint32Array, manner: Manner) => void;
  /** Contours are drawn of other groups than before; null: of none, and none are wanted. */
  onContours: (contoured: Contoured | null) => void;
};

export type Plot = ReturnType<typeof createPlot>;

const REST_MS = 180;
/** Where nobody says what covers the canvas: tools at the left, what is said of the frame at the bottom. */
const COVERED = { left: 48, top: 8, bottom: 44 };
/** A point nearer to the edge than this, in CSS pixels, is brought into view. */
const EDGE = 24;
/** Radians for each pixel that space is dragged. */
const TURN = 0.008;
/** A point is hit up to this far from its edge, in CSS pixels. */
const HIT_PX = 4;

export function createPlot(container: HTMLElement, style: Style, events: PlotEvents) {
  const [canvas, sheet] = createSheets(container);
  let renderer = createRenderer(canvas);
  const overlay = createOverlayLayer(sheet);

  const room = { width: 1, height: 1 };
  let covered: Covered = COVERED;
  const whatIsCovered = (): Covered => {
    covered = style.covered?.() ?? COVERED;
    return covered;
  };
  const viewpoint = createViewpoint(room, requestDraw, events.onView, whatIsCovered);
  const { stance } = viewpoint;
  const transition = createTransition();
  /** What was asked for; `shown` has its points as they are seen in space. */
  let given: Scene | null = null;
  let shown: Scene | null = null;
  let space: Space | null = null;
  let turn = FRONT;
  let restingScene: Scene | null = null;

  let tool: Tool = "move";
  let path: Path | null = null;
  let selected = new Uint32Array(0);
  let lit: Uint32Array | null = null;
  let marks = new Uint8Array(0);
  let lift = 1;
  let cells: Cells | null = null;
  let focus: { index: number; neighbours: readonly number[] } | null = null;
  let echo: number | null = null;
  let trails: { indices: readonly number[]; frames: readonly Points[] } | null = null;
  let thumbnails: ReadonlyMap<number, Thumbnail> = new Map();
  let contoured: Contoured | null = null;
  let pendingDraw = 0;
  let stale = true;
  let destroyed = false;

  const look = () => appearanceFor(shown?.drawn.length ?? 0, style, viewpoint.zoom());

  function requestDraw(): void {
    stale = true;
    requestOverlay();
  }

  /** Redraws the overlay alone: drawing a million points takes long. */
  function requestOverlay(): void {
    if (!destroyed) pendingDraw ||= requestAnimationFrame(tick);
  }

  function tick(): void {
    pendingDraw = 0;
    if (destroyed) return;
    const withPoints = stale;
    stale = false;
    viewpoint.advance();
    const left = transition.arrive();
    draw(withPoints);
    if (left) renderer.drop(left);
    if (transition.glides()) requestDraw();
    else if (transition.rests()) restingScene = shown;
  }

  function draw(withPoints = true): void {
    if (!shown) return;
    const now = transition.moment(shown.points);
    if (withPoints) drawPoints(now);
    const still = transition.rests();
    const { size } = look();
    const scene = { scene: shown, moment: now, style, size, still, focus, echo, trails, path, thumbnails };
    const { fades, ...overlaid } = overlay.draw(
      { ...scene, covered: covered.left },
      screenTransform(stance(), room),
      room.width,
      room.height,
    );
    if (fades) requestOverlay();
    const before = contoured;
    contoured = overlaid.contoured;
    if (before?.groups !== contoured?.groups || before?.of !== contoured?.of) events.onContours(contoured);
  }

  function drawPoints(now: Between): void {
    const { x, y, distance } = stance();
    const aspect = room.width / room.height;
    const { size, opacity } = look();
    renderer.setFrames(now.from, now.to);
    renderer.draw({
      along: now.along,
      camera: [x, y, 1 / (distance * aspect), 1 / distance],
      size: size * (canvas.width / room.width),
      opacity,
      selecting: dims({ selected, lit }),
      lift,
    });
  }

  function mark(scene: Scene): void {
    if (marks.length !== scene.points.n) marks = new Uint8Array(scene.points.n);
    lift = markPoints(marks, scene, { selected, lit });
    renderer.setMarks(marks);
  }

  function send(scene: Scene, before: Scene | null): void {
    const unlike = before?.points.n !== scene.points.n;
    if (unlike || before.codes !== scene.codes) renderer.setCodes(scene.codes);
    if (before?.palette !== scene.palette) renderer.setPalette(scene.palette);
    if (
      unlike ||
      before.drawn !== scene.drawn ||
      before.lifted !== scene.lifted ||
      before.ground !== scene.ground
    )
      mark(scene);
  }

  function cellsOf(): Cells | null {
    if (shown && cells?.points !== shown.points) cells = sortIntoCells(shown.points);
    return cells;
  }

  function pick(at: { x: number; y: number }): number | null {
    if (!shown || !transition.rests()) return null;
    const sorted = cellsOf();
    const reach = ((look().size / 2 + HIT_PX) * 2 * stance().distance) / room.height;
    return sorted ? nearest(sorted, marks, placeUnder(stance(), room, at.x, at.y), reach) : null;
  }

  /** The scene in space, where its points are there. */
  const inSpace = (scene: Scene): Scene =>
    space?.x.length === scene.points.n ? { ...scene, points: seenFrom(space, turn), groups: null } : scene;

  function showScene(scene: Scene, ms: number): void {
    const before = shown;
    const moves = before !== null && before.points !== scene.points;
    const left = moves ? transition.leave(before.points, scene.points, ms) : null;
    if (left) renderer.drop(left);
    restingScene = null;
    shown = scene;
    send(scene, before);
    requestDraw();
  }

  function turnBy(right: number, down: number): void {
    if (!space || !given) return;
    turn = turnedBy(turn, right, down);
    showScene(inSpace(given), 0);
  }

  const release = watchGestures(canvas, {
    turns: () => space !== null,
    onTurn: (right, down) => turnBy(right * TURN, down * TURN),
    tool: () => tool,
    stance,
    room: () => room,
    onStance: viewpoint.takeOver,
    onHover: (at) => events.onHover(at ? pick(at) : null),
    onPick: (at) => {
      const index = pick(at);
      if (index !== null) events.onClick(index);
    },
    onPath: (next) => {
      path = next;
      requestOverlay();
    },
    onSelect: ({ at, manner }) => {
      if (!shown) return;
      const places = at.map(({ x, y }) => placeUnder(stance(), room, x, y));
      events.onSelect(within(shown.points, shown.drawn, places), manner);
    },
  });

  const onLost = (event: Event) => event.preventDefault();
  const onRestored = () => {
    renderer = createRenderer(canvas);
    if (shown) send(shown, null);
    requestDraw();
  };
  canvas.addEventListener("webglcontextlost", onLost);
  canvas.addEventListener("webglcontextrestored", onRestored);

  function resize(): void {
    room.width = Math.max(1, container.clientWidth);
    room.height = Math.max(1, container.clientHeight);
    for (const element of [canvas, sheet]) {
      element.width = Math.round(room.width * window.devicePixelRatio);
      element.height = Math.round(room.height * window.devicePixelRatio);
    }
    viewpoint.refit();
    // Resizing cleared the canvas: draw at once, not in the next animation frame.
    draw();
  }
  resize();

  return {
    canvas,
    /** Shows a scene; with `ms` > 0 the points glide there from where they are. The newest scene wins. */
    show(scene: Scene, ms: number): void {
      given = scene;
      showScene(inSpace(scene), space ? 0 : ms);
    },
    /** Shows the points in three dimensions, from the side they were last turned to; null in two. */
    setSpace(next: Space | null): void {
      if (space === next) return;
      space = next;
      if (given) showScene(inSpace(given), 0);
    },
    /** Turns the space by so many radians. */
    turnBy,
    /** Shows nothing, and forgets where the points were. */
    clear(): void {
      if (!shown) return;
      const left = transition.reset();
      if (left) renderer.drop(left);
      given = null;
      shown = null;
      restingScene = null;
      turn = FRONT;
      resize();
    },
    /** Holds the points between two frames of the film; null moves them to the frame shown. */
    scrub(next: Between | null, ms = REST_MS): void {
      transition.hold(next, shown?.points ?? null, ms);
      restingScene = null;
      requestDraw();
    },
    setStyle(next: Partial<Style>): void {
      Object.assign(style, next);
      requestDraw();
    },
    setTool(next: Tool): void {
      tool = next;
      canvas.style.cursor = next === "move" ? "" : "crosshair";
    },
    setSelected(indices: Uint32Array): void {
      selected = indices.slice();
      if (shown) mark(shown);
      requestDraw();
    },
    /** Lets these points, ascending, stand out of the others; null lets all be as they are. */
    setLit(indices: Uint32Array | null): void {
      if (lit === indices) return;
      lit = indices;
      if (shown) mark(shown);
      requestDraw();
    },
    setFocus(index: number | null, neighbours: readonly number[]): void {
      focus = index === null ? null : { index, neighbours };
      requestOverlay();
    },
    /** Rings a point that is hovered in another plot. */
    setEcho(index: number | null): void {
      if (echo === index) return;
      echo = index;
      requestOverlay();
    },
    /** Draws trails of these points through the frames before the one shown. */
    setTrails(next: typeof trails): void {
      trails = next;
      requestOverlay();
    },
    /** Draws images over these points while nothing moves. */
    setThumbnails(next: typeof thumbnails): void {
      if (thumbnails.size === 0 && next.size === 0) return;
      thumbnails = next;
      requestOverlay();
    },
    /** The next point in a direction from a point, or from the middle of the view; null where there is none. */
    towards(index: number | null, direction: readonly [right: number, up: number]): number | null {
      if (!shown) return null;
      const { points } = shown;
      const { x, y } = stance();
      const held = index !== null && points.present[index] ? index : null;
      const sorted = cellsOf();
      if (held === null) return sorted && nearest(sorted, marks, { x, y }, 4 * stance().distance);
      return towards(points, marks, { x: placeX(points, held), y: placeY(points, held) }, direction);
    },
    /** Moves the view so far that a point is in it. */
    reveal(index: number): void {
      if (!shown?.points.present[index]) return;
      const { toX, toY } = screenTransform(stance(), room);
      const [x, y] = [placeX(shown.points, index), placeY(shown.points, index)];
      const [left, top] = [toX(x), toY(y)];
      if (left < EDGE || top < EDGE || left > room.width - EDGE || top > room.height - EDGE)
        viewpoint.centreOn(x, y);
    },
    setBox: viewpoint.setBox,
    fit: viewpoint.fit,
    zoomBy: viewpoint.zoomBy,
    centreOn: viewpoint.centreOn,
    follow: viewpoint.follow,
    place: viewpoint.place,
    resize,
    /** Whether this scene is on the canvas, and neither points nor camera move. */
    isSettled: (scene: Scene): boolean =>
      given === scene && restingScene === shown && !pendingDraw && !viewpoint.travels(),
    /** CSS pixels from the canvas's corner; null for a missing point. */
    screenOf(index: number): { x: number; y: number } | null {
      if (!shown?.points.present[index]) return null;
      const [x, y] = placeBetween(transition.moment(shown.points));
      const { toX, toY } = screenTransform(stance(), room);
      return { x: toX(x(index)), y: toY(y(index)) };
    },
    /** Draws and counts in one task: the drawing buffer is cleared after it. */
    countPixels(): PixelCount {
      draw();
      return countPixels(renderer.read(), shown?.palette ?? []);
    },
    /** Points by how they are drawn. */
    countMarks: () => countMarks(marks),
    /** The scene and its placement, for vector graphics; null while nothing is shown. */
    sketch() {
      if (!shown) return null;
      const { shade, labels, contours } = style;
      return {
        scene: shown,
        transform: screenTransform(stance(), room),
        room: { ...room },
        ...look(),
        shade,
        labels,
        contours,
      };
    },
    /** Lets `take` read the plot as it would draw a scene of the same points in another style, in one task. */
    drawnAs<T>(scene: Scene, change: Partial<Style>, take: () => T): T {
      const [before, usual] = [shown, { ...style }];
      const turnTo = (next: Scene, look: Partial<Style>) => {
        const last = shown;
        shown = next;
        Object.assign(style, look);
        send(next, last);
        draw();
      };
      turnTo(inSpace(scene), change);
      try {
        return take();
      } finally {
        if (before) turnTo(before, usual);
      }
    },
    /** How many groups have contours; null where they are not wanted. */
    contoured: (): Contoured | null => contoured,
    /** The points alone, as a data URL. */
    pointsImage(): string {
      draw();
      return canvas.toDataURL();
    },
    /** The plot as an image with the overlay, on a background of this colour. */
    picture(ground: string): HTMLCanvasElement {
      draw();
      return laidOver(ground, [canvas, sheet]);
    },
    destroy(): void {
      destroyed = true;
      cancelAnimationFrame(pendingDraw);
      release();
      canvas.removeEventListener("webglcontextlost", onLost);
      canvas.removeEventListener("webglcontextrestored", onRestored);
      renderer.destroy();
      canvas.remove();
      sheet.remove();
    },
  };
}
