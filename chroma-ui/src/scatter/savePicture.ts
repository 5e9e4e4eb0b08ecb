import { saveFile } from "../lib/saveFile";
import { notify } from "../state/notices";
import type { Plot } from "./plot";

/** Saves what the canvas shows, labels and contours included. */
export function savePicture(plot: Plot, name: string): void {
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--ground").trim();
  plot.picture(ground).toBlob((blob) => {
    if (blob) saveFile(blob, `${name.replaceAll(/[^\w.-]+/g, "-")}.png`);
    else notify("This browser could not make a picture of the canvas.");
  });
}
