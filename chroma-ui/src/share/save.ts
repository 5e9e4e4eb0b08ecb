/** Saves the canvas as a picture and the film as a page. */
import { fetchFromServer } from "../api/http";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { saveFile } from "../lib/saveFile";
import type { Plot } from "../scatter/plot";
import { notify } from "../state/notices";
import { MOST_CIRCLES, svgOf } from "./svg";

export const nameOf = ({ film, frame }: ShownFrame) => `${film.layer} ${frame.step}`;

const fileName = (name: string, ending: string) => `${name.replaceAll(/[^\w.-]+/g, "-")}.${ending}`;

const ground = () => getComputedStyle(document.documentElement).getPropertyValue("--ground").trim();

/** Saves the canvas with labels and contours as PNG. */
export function savePng(plot: Plot, name: string): void {
  plot.picture(ground()).toBlob((blob) => {
    if (blob) saveFile(blob, fileName(name, "png"));
    else notify("This browser could not make a picture of the canvas.");
  });
}

/** Saves it as SVG, with the legend. */
export function saveSvg(plot: Plot, shown: ShownFrame, picture: Picture): void {
  const sketch = plot.sketch();
  if (!sketch) return;
  const { film, frame } = shown;
  const moment = frame.epoch === null ? `step ${frame.step}` : `epoch ${frame.epoch}`;
  const { drawn } = sketch.scene;
  const svg = svgOf(
    sketch,
    {
      title: `${film.layer} in ${film.split}, ${moment}`,
      note: `${count(drawn.length)} of ${count(film.of)} samples, by ${picture.title.toLowerCase()}`,
      ground: ground(),
      entries: picture.legend ?? [],
    },
    drawn.length > MOST_CIRCLES ? plot.pointsImage() : null,
  );
  saveFile(new Blob([svg], { type: "image/svg+xml" }), fileName(nameOf(shown), "svg"));
}

/** Saves the film as one HTML page that plays without a server. */
export async function savePage(shown: ShownFrame): Promise<void> {
  try {
    const response = await fetchFromServer(
      new URL(`api/films/${encodeURIComponent(shown.film.id)}/page`, document.baseURI),
    );
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const page = await response.blob();
    saveFile(page, fileName(nameOf(shown), "html"));
    const points = Number(response.headers.get("X-Chroma-Points"));
    notify(
      `Saved a page of ${(page.size / 1e6).toFixed(1)} MB with ${count(points)} of ${count(shown.film.of)} samples: it plays without a server.`,
    );
  } catch (error) {
    notify(`The film was not saved: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
