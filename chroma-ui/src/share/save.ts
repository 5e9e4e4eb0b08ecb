/** Saves the canvas as a picture and the film as a page. */
import { fetchFromServer } from "../api/http";
import { fileOf } from "../film/fileOf";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { bytes, count } from "../lib/format";
import { saveFile } from "../lib/saveFile";
import type { Shade } from "../lib/useTheme";
import type { Plot } from "../scatter/plot";
import { notify } from "../state/notices";
import { useView } from "../state/view";
import { captionOf, pictureIn } from "./caption";
import { layOut } from "./raster";
import { GROUND, MOST_CIRCLES, sizeAround, svgOf } from "./svg";

export type Looks = { shade: Shade; legend: boolean };
/** What an exported page shows beside the points. */
export const PAGE_PARTS = ["legend", "metrics", "sample"] as const;
export type PagePart = (typeof PAGE_PARTS)[number];

/** Names of the classes, as the picture colours them. */
export const classNamesOf = ({ classColours }: Picture): string[] => [...classColours.keys()];

/** Saves the canvas, with labels and contours, as PNG. */
export async function savePng(
  plot: Plot,
  shown: ShownFrame,
  picture: Picture,
  { shade, legend }: Looks,
): Promise<void> {
  const { scene } = pictureIn(shown, useView.getState(), classNamesOf(picture), shade);
  const drawing = plot.drawnAs(scene, { shade }, () => plot.picture(GROUND[shade]));
  const room = plot.sketch()?.room;
  if (!room) return;
  const caption = captionOf(
    shown,
    pictureIn(shown, useView.getState(), classNamesOf(picture), shade),
    legend,
    plot.contoured(),
  );
  const whole = sizeAround(room, caption);
  const ratio = drawing.width / room.width;
  const image = document.createElement("canvas");
  image.width = Math.round(whole.width * ratio);
  image.height = Math.round(whole.height * ratio);
  try {
    await layOut(image, drawing, room, shade, caption);
    const blob = await new Promise<Blob | null>((resolve) => image.toBlob(resolve));
    if (!blob) throw new Error("this browser could not make a picture of the canvas");
    saveFile(blob, fileOf(shown, null, "png"));
  } catch (error) {
    notify(`The picture was not saved: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Saves it as SVG. */
export function saveSvg(plot: Plot, shown: ShownFrame, picture: Picture, { shade, legend }: Looks): void {
  const next = pictureIn(shown, useView.getState(), classNamesOf(picture), shade);
  const svg = plot.drawnAs(next.scene, { shade }, () => {
    const sketch = plot.sketch();
    const raster = next.scene.drawn.length > MOST_CIRCLES ? plot.pointsImage() : null;
    return sketch && svgOf(sketch, captionOf(shown, next, legend, plot.contoured()), raster);
  });
  if (svg) saveFile(new Blob([svg], { type: "image/svg+xml" }), fileOf(shown, null, "svg"));
}

/** Saves the film as one HTML page that plays without a server. */
export async function savePage(shown: ShownFrame, parts: readonly PagePart[]): Promise<void> {
  try {
    const address = new URL(`api/films/${encodeURIComponent(shown.film.id)}/page`, document.baseURI);
    for (const part of PAGE_PARTS) if (!parts.includes(part)) address.searchParams.append("without", part);
    const response = await fetchFromServer(address);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const page = await response.blob();
    saveFile(page, fileOf(shown, "film", "html", true));
    const points = Number(response.headers.get("X-Chroma-Points"));
    notify(
      `Saved a page of ${bytes(page.size)} with ${count(points)} of ${count(shown.film.of)} samples: it plays without a server.`,
    );
  } catch (error) {
    notify(`The film was not saved: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
