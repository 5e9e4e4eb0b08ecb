/** The plot: an imperative object around regl-scatterplot and the overlay. Knows nothing of React. */
import createScatterplot from "regl-scatterplot";
import type { Shade } from "../lib/useTheme";
import { ease, mix, type Stance, screenTransform, stanceOf, type Transform } from "./camera";
import { clusterContours, clusterMedians } from "./clusters";
import { type Box, holdMissing, type Points } from "./encode";
import { drawOverlay, type Label } from "./overlay";
import { countPixels, type PixelCount } from "./pixels";

export type Scene = {
  points: Points;
  codes: Uint16Array;
  /** Colour of each code, the one of missing values last. */
  palette: readonly string[];
  /** Indices of the points to draw, ascending. */
  drawn: readonly number[];
  /** What the names and contours go by; null draws neither. */
  groups: { codes: Uint16Array; names: readonly string[]; colours: readonly string[] } | null;
};

export type Style = { shade: Shade; pointSize: number; labels: boolean; contours: boolean };

/** Zoom against the whole film, and the part of the plot that is seen. */
export type ViewOfPlot = { zoom: number; seen: Box };

export type PlotEvents = {
  onHover: (index: number | null) => void;
  onClick: (index: number) => void;
  onView: (view: ViewOfPlot) => void;
};

export type Plot = ReturnType<typeof createPlot>;

const BACKGROUND: Record<Shade, string> = { dark: "#0d0f16", light: "#f8f9fd" };
/** More points than this make contours too slow to follow a film. */
const MOST_CONTOURED = 120_000;
const MOST_CONTOURED_GROUPS = 40;
const CAMERA_MS = 420;
const HURRIED_MS = 160;
const CONTOUR_FADE_MS = 260;

/** Diameter in CSS pixels and opacity that suit a number of points. */
function appearanceFor(n: number, factor: number): { size: number; opacity: number } {
  const decades = Math.log10(Math.max(n, 1) / 2000);
  const size = Math.min(6.5, Math.max(1.5, 5.2 - 1.9 * decades));
  const opacity = Math.min(0.85, Math.max(0.3, 0.82 - 0.22 * decades));
  return { size: size * factor, opacity };
}

const equal = (a: Uint16Array, b: Uint16Array): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

export function createPlot(container: HTMLElement, style: Style, events: PlotEvents) {
  const canvas = document.createElement("canvas");
  const cover = document.createElement("canvas");
  for (const element of [canvas, cover]) {
    element.style.cssText = "position:absolute;inset:0;width:100%;height:100%;";
    container.append(element);
  }
  cover.style.pointerEvents = "none";
  canvas.dataset.testid = "canvas";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Scatterplot of the embedding");
  const pencil = cover.getContext("2d");

  let width = Math.max(1, container.clientWidth);
  let height = Math.max(1, container.clientHeight);
  const scatter = createScatterplot({
    canvas,
    width,
    height,
    backgroundColor: BACKGROUND[style.shade],
    pointOutlineWidth: 2,
    pointScaleMode: "asinh",
    lassoInitiator: false,
    deselectOnDblClick: true,
    colorBy: "valueA",
    // Modifier keys mean nothing here; the published types lack this option.
    ...({ actionKeyMap: {} } as object),
  });

  let shown: Scene | null = null;
  /** The scene as it was handed over, once it stands still. */
  let settled: Scene | null = null;
  let from: { x: Float32Array; y: Float32Array } | null = null;
  let glide: { start: number; ms: number } | null = null;
  let wanted: { scene: Scene; ms: number } | null = null;
  let pumping = false;
  let destroyed = false;
  let box: Box | null = null;
  let home: Stance | null = null;
  let movedByHand = false;
  let focus: { index: number; neighbours: readonly number[] } | null = null;
  let contours: { scene: Scene; lines: ReturnType<typeof clusterContours>; since: number } | null = null;
  let medians: { scene: Scene; labels: Label[]; before: Map<string, Label> } | null = null;
  let cameraRun = 0;
  let cameraMoves = false;

  const stance = (): Stance => {
    const [x, y] = scatter.get("cameraTarget") as [number, number];
    return { x, y, distance: scatter.get("cameraDistance") as number };
  };
  const transform = (): Transform =>
    screenTransform(scatter.get("cameraView") as ArrayLike<number>, width, height);
  const viewOf = (): ViewOfPlot => {
    const { x, y, distance } = stance();
    const halfWidth = (distance * width) / height;
    return {
      zoom: home ? home.distance / distance : 1,
      seen: { left: x - halfWidth, right: x + halfWidth, bottom: y - distance, top: y + distance },
    };
  };

  /** How far the running glide has come, 0 to 1. */
  const progress = () => (glide ? ease(Math.min(1, (performance.now() - glide.start) / glide.ms)) : 1);

  const placeOf = (index: number) => {
    if (!shown) return null;
    const t = from ? progress() : 1;
    const { x, y } = shown.points;
    return t < 1 && from
      ? { x: mix(from.x[index], x[index], t), y: mix(from.y[index], y[index], t) }
      : { x: x[index], y: y[index] };
  };

  function updateMedians(scene: Scene): void {
    const before = new Map(currentLabels().map((label) => [label.text, label]));
    const { groups } = scene;
    const labels = groups
      ? clusterMedians(scene.points, groups.codes, scene.drawn, groups.names.length).map(
          ({ code, x, y, size }) => ({ text: groups.names[code], x, y, size }),
        )
      : [];
    medians = { scene, labels, before };
  }

  function currentLabels(): Label[] {
    if (!medians) return [];
    const t = progress();
    return medians.labels.map((label) => {
      const before = t < 1 ? medians?.before.get(label.text) : undefined;
      return before ? { ...label, x: mix(before.x, label.x, t), y: mix(before.y, label.y, t) } : label;
    });
  }

  function updateContours(): void {
    if (!shown?.groups || !style.contours || glide) return;
    if (contours?.scene === shown) return;
    const { points, drawn, groups } = shown;
    const tooMany = drawn.length > MOST_CONTOURED || groups.names.length > MOST_CONTOURED_GROUPS;
    const lines = tooMany ? [] : clusterContours(points, groups.codes, drawn, groups.names.length);
    const faded = contours !== null && contours.scene.points === points;
    contours = { scene: shown, lines, since: faded ? 0 : performance.now() };
    keepFading();
  }

  function keepFading(): void {
    drawCover();
    if (!destroyed && contours && performance.now() - contours.since < CONTOUR_FADE_MS) {
      requestAnimationFrame(keepFading);
    }
  }

  function drawCover(): void {
    if (!pencil || destroyed) return;
    const ratio = window.devicePixelRatio;
    pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
    pencil.clearRect(0, 0, width, height);
    if (!shown) return;
    const focused = focus && shown.points.present[focus.index] ? placeOf(focus.index) : null;
    const contourAge = contours ? (performance.now() - contours.since) / CONTOUR_FADE_MS : 0;
    drawOverlay(
      pencil,
      {
        shade: style.shade,
        labels: style.labels ? currentLabels() : [],
        contours: style.contours && contours ? contours.lines : [],
        contourAlpha: glide ? 0 : Math.min(1, contourAge),
        colours: shown.groups?.colours ?? [],
        focus:
          focused && focus ? { ...focused, colour: shown.palette[shown.codes[focus.index]] ?? "#fff" } : null,
        neighbours: (focus?.neighbours ?? []).flatMap((index) =>
          shown?.points.present[index] ? [placeOf(index) ?? { x: 0, y: 0 }] : [],
        ),
      },
      transform(),
    );
  }

  async function pump(): Promise<void> {
    if (pumping) return;
    pumping = true;
    while (wanted && !destroyed) {
      const { scene, ms } = wanted;
      wanted = null;
      settled = null;
      await drawScene(scene, ms);
      settled = scene;
    }
    pumping = false;
    if (destroyed) return;
    updateContours();
    drawCover();
  }

  async function drawScene(next: Scene, ms: number): Promise<void> {
    const before = shown;
    const points = holdMissing(next.points, before?.points ?? null);
    const scene = { ...next, points };
    const samePlaces = before !== null && before.points.x === points.x;
    const glides = ms > 0 && before !== null && before.points.n === points.n && !samePlaces;
    setColours(scene);
    updateMedians(scene);
    from = glides && before ? before.points : null;
    shown = scene;
    if (!home) fitAtOnce();
    glide = glides ? { start: performance.now(), ms } : null;
    if (samePlaces && before !== null && equal(before.codes, scene.codes)) {
      // Only what is hidden changed: the points need not be sent again.
      await scatter.filter(scene.drawn as number[], { preventEvent: true });
      return;
    }
    try {
      await scatter.draw(
        { x: points.x, y: points.y, z: scene.codes },
        {
          transition: glides,
          transitionDuration: ms,
          transitionEasing: ease,
          zDataType: "categorical",
          filter: scene.drawn as number[],
        },
      );
    } finally {
      glide = null;
      from = null;
    }
  }

  function setColours(scene: Scene): void {
    const { size, opacity } = appearanceFor(scene.points.n, style.pointSize);
    scatter.set({
      pointColor: [...scene.palette],
      pointColorHover: style.shade === "dark" ? "#ffffff" : "#14161d",
      pointSize: size,
      opacity,
      backgroundColor: BACKGROUND[style.shade],
    });
  }

  function look({ x, y, distance }: Stance): void {
    void scatter.zoomToLocation([x, y], distance);
  }

  function moveCamera(to: Stance, ms: number): void {
    const run = ++cameraRun;
    const start = performance.now();
    const begin = stance();
    const step = () => {
      if (destroyed || run !== cameraRun) return;
      const t = ms > 0 ? ease(Math.min(1, (performance.now() - start) / ms)) : 1;
      look({
        x: mix(begin.x, to.x, t),
        y: mix(begin.y, to.y, t),
        distance: begin.distance * (to.distance / begin.distance) ** t,
      });
      cameraMoves = t < 1;
      if (cameraMoves) requestAnimationFrame(step);
    };
    step();
  }

  function fitAtOnce(): void {
    if (!box) return;
    home = stanceOf(box, width, height);
    look(home);
  }

  scatter.subscribe("pointOver", (index) => events.onHover(index));
  scatter.subscribe("pointOut", () => events.onHover(null));
  scatter.subscribe("select", ({ points: [index] }) => {
    scatter.deselect({ preventEvent: true });
    if (index !== undefined) events.onClick(index);
  });
  scatter.subscribe("drawing", drawCover);
  scatter.subscribe("view", () => events.onView(viewOf()));

  const takeOver = () => {
    movedByHand = true;
    cameraRun++;
    cameraMoves = false;
  };
  canvas.addEventListener("wheel", takeOver, { passive: true });
  canvas.addEventListener("pointerdown", takeOver);

  function resize(): void {
    const ratio = window.devicePixelRatio;
    width = Math.max(1, container.clientWidth);
    height = Math.max(1, container.clientHeight);
    cover.width = width * ratio;
    cover.height = height * ratio;
    scatter.set({ width, height });
    if (home && !movedByHand) fitAtOnce();
    drawCover();
  }
  resize();

  return {
    /** Shows a scene; points glide from where they are when `ms` > 0. The newest scene wins. */
    show(scene: Scene, ms: number): void {
      // Whoever scrubs faster than the points glide sees shorter glides.
      wanted = { scene, ms: pumping ? Math.min(ms, HURRIED_MS) : ms };
      void pump();
    },
    /** What the whole film covers; with `moves`, the view goes there unless the person has moved it. */
    setBox(next: Box, moves: boolean): void {
      box = next;
      const first = home === null;
      if (!first && !moves) return;
      home = stanceOf(box, width, height);
      if (first) look(home);
      else if (!movedByHand) moveCamera(home, CAMERA_MS);
    },
    setStyle(next: Partial<Style>): void {
      Object.assign(style, next);
      if (shown) setColours(shown);
      updateContours();
      drawCover();
    },
    setFocus(index: number | null, neighbours: readonly number[]): void {
      focus = index === null ? null : { index, neighbours };
      drawCover();
    },
    fit(ms = CAMERA_MS): void {
      movedByHand = false;
      if (!box) return;
      home = stanceOf(box, width, height);
      moveCamera(home, ms);
    },
    zoomBy(factor: number, ms = CAMERA_MS / 2): void {
      movedByHand = true;
      const now = stance();
      moveCamera({ ...now, distance: now.distance / factor }, ms);
    },
    /** Moves the view without zooming. */
    centreOn(x: number, y: number): void {
      movedByHand = true;
      moveCamera({ ...stance(), x, y }, 0);
    },
    resize,
    /** Whether this scene stands still on the canvas, and the camera too. */
    isSettled: (scene: Scene): boolean => settled === scene && wanted === null && !cameraMoves,
    /** CSS pixels from the canvas's corner; null for a point that is not there. */
    screenOf(index: number): { x: number; y: number } | null {
      const place = shown?.points.present[index] ? placeOf(index) : null;
      if (!place) return null;
      const { toX, toY } = transform();
      return { x: toX(place.x, place.y), y: toY(place.x, place.y) };
    },
    /** Reads the pixels last drawn; the drawn image stays on the canvas, so this holds at any time. */
    countPixels: (): PixelCount => countPixels(canvas, shown?.palette ?? []),
    get canvas() {
      return canvas;
    },
    destroy(): void {
      destroyed = true;
      canvas.removeEventListener("wheel", takeOver);
      canvas.removeEventListener("pointerdown", takeOver);
      scatter.destroy();
      canvas.remove();
      cover.remove();
    },
  };
}
