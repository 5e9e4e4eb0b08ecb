/** Draws a film picture by picture, in the page but out of sight, as the canvas shows it. */
import type { ShownFrame } from "../film/useShownFrame";
import type { Shade } from "../lib/useTheme";
import { ease } from "../scatter/camera";
import type { Box } from "../scatter/encode";
import { createPlot } from "../scatter/plot";
import type { Place } from "../scatter/viewpoint";
import { captionOf, type Drawn, pictureIn } from "./caption";
import { shownAt } from "./framesOf";
import { layOut } from "./raster";
import { GROUND, sizeAround } from "./svg";

export type FilmOrder = {
  shown: ShownFrame;
  view: Drawn & { camera: Place | null; search: string | null };
  classNames: readonly string[];
  /** The whole film's, which the camera is relative to. */
  box: Box;
  shade: Shade;
  legend: boolean;
};

/** Pixels of the whole picture, pictures a second while points move, and how many there may be in all. */
export type FilmSize = { width: number; height: number; perSecond: number; most: number };

/** A picture, how long it stands in seconds, and how far the film is. */
export type Shot = { seconds: number; at: number; of: number };

/** A film takes about this long, but a step neither less nor more than this, in seconds. */
const WHOLE_S = 40;
const STEP_S = [0.3, 1.1] as const;
/** Of a step, the share in which points move. */
const MOVING = 0.6;
const END_S = 1.5;

const NOTHING = {
  onHover: () => {},
  onClick: () => {},
  onView: () => {},
  onSelect: () => {},
  onContours: () => {},
};

/** Yields once for each picture drawn into `onto`; throws where `signal` is aborted. */
export async function* shots(
  order: FilmOrder,
  onto: HTMLCanvasElement,
  { width, height, perSecond, most: mostShots }: FilmSize,
  signal: AbortSignal,
): AsyncGenerator<Shot> {
  const { shown, view, classNames, shade, legend } = order;
  const frames = shown.revision.frames;
  const [least, most] = STEP_S;
  const step = Math.min(most, Math.max(least, WHOLE_S / frames.length));
  const moves = Math.max(
    1,
    Math.min(Math.round(step * MOVING * perSecond), Math.floor(mostShots / frames.length)),
  );
  onto.width = width;
  onto.height = height;
  const margins = sizeAround(
    { width: 0, height: 0 },
    { title: "", note: "", legend: legend ? LEGEND : null },
  );
  const room = { width: width - margins.width, height: height - margins.height };
  const host = document.createElement("div");
  host.style.cssText = `position:fixed;left:-20000px;top:0;width:${room.width}px;height:${room.height}px`;
  host.inert = true;
  host.ariaHidden = "true";
  document.body.append(host);
  // Contours fade in by the clock, which a film does not follow.
  const plot = createPlot(
    host,
    { shade, ...view.appearance, contours: false, covered: () => COVERED },
    NOTHING,
  );
  delete plot.canvas.dataset.testid;
  try {
    let before: ShownFrame | null = null;
    for (const [at, frame] of frames.entries()) {
      const next: ShownFrame = await shownAt(shown, frame, view.search, signal);
      const picture = pictureIn(next, view, classNames, shade);
      const caption = captionOf(next, picture, legend, null);
      plot.show(picture.scene, 0);
      if (before === null) {
        plot.setBox(order.box, false);
        if (view.camera) plot.follow(view.camera);
      }
      for (let move = 1; before !== null && move < moves; move++) {
        plot.scrub({ from: before.points, to: next.points, along: ease(move / moves) });
        await layOut(onto, plot.picture(GROUND[shade]), room, shade, caption);
        signal.throwIfAborted();
        yield { seconds: (step * MOVING) / moves, at, of: frames.length };
      }
      plot.scrub(null, 0);
      await layOut(onto, plot.picture(GROUND[shade]), room, shade, caption);
      signal.throwIfAborted();
      yield {
        seconds: at === frames.length - 1 ? END_S : step * (1 - MOVING),
        at: at + 1,
        of: frames.length,
      };
      before = next;
    }
  } finally {
    plot.destroy();
    host.remove();
  }
}

const LEGEND = { title: "", entries: [], ramp: null };
const COVERED = { left: 0, top: 8, bottom: 8 };
