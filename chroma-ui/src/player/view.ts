/** Pure: turns a frame of an exported film and its colour column into what the plot draws and the legend lists. */
import { countCodes } from "../film/statistics";
import type { Shade } from "../lib/useTheme";
import { type Codes, drawnPoints, encodeCategorical, encodeNumeric } from "../scatter/encode";
import { legendColours, MISSING, rampColours } from "../scatter/palette";
import type { Scene } from "../scatter/types";
import { NOT_KNOWN } from "../state/filters";
import type { ExportedFilm } from "./unpack";

export type Entry = { code: number; name: string; colour: string; count: number };
export type Shown = {
  scene: Scene;
  entries: Entry[];
  ramp: { colours: string[]; range: [number, number] } | null;
};

export function showFrame(
  film: ExportedFilm,
  frame: number,
  column: string,
  hidden: ReadonlySet<string>,
  shade: Shade,
): Shown {
  const points = film.points[frame];
  const label = film.columns.find(({ name }) => name === "label")?.at(frame);
  const names = label?.kind === "categorical" ? label.legend : [];
  const chosen = film.columns.find(({ name }) => name === column);
  const values = chosen?.at(frame);
  let encoded: Codes = { codes: new Uint16Array(points.n), missing: 1 };
  let palette = [legendColours("label", ["all"], [], shade)[0], MISSING[shade]];
  let entries: Entry[] = [];
  let ramp: Shown["ramp"] = null;
  if (values?.kind === "categorical") {
    encoded = encodeCategorical(values.codes, values.legend.length);
    palette = [...legendColours(column, values.legend, names, shade), MISSING[shade]];
    entries = countCodes(encoded.codes, points.present, palette.length).flatMap((count, code) => {
      const name = values.legend[code] ?? NOT_KNOWN;
      return code === encoded.missing && count === 0 ? [] : [{ code, name, colour: palette[code], count }];
    });
  } else if (values && chosen?.range) {
    encoded = encodeNumeric(values.values, ...chosen.range);
    palette = [...rampColours(shade), MISSING[shade]];
    ramp = { colours: rampColours(shade, 12), range: chosen.range };
  }
  const off = new Set(entries.filter(({ name }) => hidden.has(name)).map(({ code }) => code));
  const drawn = drawnPoints(points, encoded.codes, off, new Uint8Array(points.n));
  const groups =
    label?.kind === "categorical"
      ? { codes: label.codes, names, colours: legendColours("label", names, names, shade) }
      : null;
  return { scene: { points, codes: encoded.codes, palette, drawn, groups }, entries, ramp };
}
