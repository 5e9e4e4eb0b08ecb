import { fileName } from "../lib/fileName";
import { spoken } from "./frameNames";
import type { ShownFrame } from "./useShownFrame";

/** The name of a file about a frame: run, layer, split, moment; of a whole film its method in place of the moment. */
export function fileOf(
  { film, frame }: Pick<ShownFrame, "film" | "frame">,
  what: string | null,
  ending: string,
  whole = false,
): string {
  const moment = whole ? film.method : spoken(frame, film.axis);
  return fileName(
    [frame.run, film.axis === "LAYERS" && !whole ? null : film.layer, film.split, moment, what],
    ending,
  );
}
