/** Pure: what a picture says below and beside the canvas, and its scene in dark or light. */
import { spoken } from "../film/frameNames";
import { composePicture, type Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { count, decimal } from "../lib/format";
import type { Shade } from "../lib/useTheme";
import type { Contoured } from "../scatter/clusters";
import type { View } from "../state/url";
import type { Caption } from "./svg";

/** The part of the view that says how a frame is drawn. */
export type Drawn = Pick<View, "appearance" | "hidden" | "filters" | "scale">;

/** A frame as the page draws it, in this shade. */
export const pictureIn = (
  shown: ShownFrame,
  { appearance, hidden, filters, scale }: Drawn,
  classNames: readonly string[],
  shade: Shade,
): Picture => {
  const { safe, rare, ground } = appearance;
  return composePicture(shown, { shade, safe, classNames, hidden, filters, scale, rare, ground });
};

/** Names run, layer, split and moment, how many of how many samples are drawn, and contours of how many groups. */
export function captionOf(
  { film, frame }: ShownFrame,
  picture: Picture,
  legend: boolean,
  contoured: Contoured | null,
): Caption {
  const { scene, scale } = picture;
  const colours = scene.palette.slice(0, -1);
  const lines =
    contoured && contoured.groups < contoured.of
      ? `, contours of ${count(contoured.groups)} of ${count(contoured.of)} groups`
      : "";
  return {
    title: `${frame.run} · ${frame.layer} in ${film.split}, ${spoken(frame, film.axis)}`,
    note: `${count(scene.drawn.length)} of ${count(film.of)} samples, by ${picture.title.toLowerCase()}${lines}`,
    legend: legend
      ? {
          title: picture.title,
          entries: picture.legend ?? [],
          ramp: scale && {
            colours,
            low: decimal(scale.low),
            high: `${decimal(scale.high)}${scale.kind === "linear" ? "" : ` (${scale.kind})`}`,
          },
        }
      : null,
  };
}
