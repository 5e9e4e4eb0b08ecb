/** Pure: the canvas as an SVG picture whose names, lines and legend stay sharp and editable. */
import { count, shortened } from "../lib/format";
import type { Shade } from "../lib/useTheme";
import type { Transform } from "../scatter/camera";
import {
  clusterContours,
  clusterMedians,
  contouredAmong,
  type Group,
  groupsAmong,
} from "../scatter/clusters";
import { type PlaceOf, placeBetween, placeX, placeY } from "../scatter/encode";
import { withMass } from "../scatter/mass";
import { placedNames } from "../scatter/names";
import type { Scene } from "../scatter/types";

export type Sketch = {
  scene: Scene;
  transform: Transform;
  room: { width: number; height: number };
  /** Diameter in CSS pixels. */
  size: number;
  opacity: number;
  shade: Shade;
  labels: boolean;
  contours: boolean;
};

export type Caption = {
  title: string;
  note: string;
  /** null: without one. */
  legend: Legend | null;
};

export type Legend = {
  /** The column of the colours. */
  title: string;
  /** Of categories. */
  entries: readonly { name: string; colour: string; count: number; hidden: boolean }[];
  /** Of numbers: colours from low to high, and what the ends are called. */
  ramp: { colours: readonly string[]; low: string; high: string } | null;
};

/** More points than this are embedded as one image (`raster`): editors are slow with more circles. */
export const MOST_CIRCLES = 50_000;
const LEGEND_ROOM = 190;
const LEGEND_ROW = 20;
const LEGEND_ROWS = 40;
const INK: Record<Shade, { text: string; soft: string; halo: string }> = {
  dark: { text: "#f4f5fb", soft: "#a6adbd", halo: "#0d0f16" },
  light: { text: "#171a22", soft: "#4d5566", halo: "#ffffff" },
};

const ESCAPES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string) =>
  [...text]
    .filter((letter) => letter >= " " || letter === "\t" || letter === "\n") // XML 1.0 allows no others
    .map((letter) => ESCAPES[letter] ?? letter)
    .join("");
const short = (value: number) => Math.round(value * 100) / 100;
/** About the width of a letter, in font sizes. */
const LETTER = 0.56;

/** The background of pictures, as of the page. */
export const GROUND: Record<Shade, string> = { dark: "#0d0f16", light: "#f8f9fd" };
/** Below the canvas, for the caption. */
const FOOT = 30;

/** Size of the whole picture around a canvas of this size. */
export const sizeAround = ({ width, height }: Sketch["room"], { legend }: Caption) => ({
  width: width + (legend ? LEGEND_ROOM : 0),
  height: height + FOOT,
});

/** A picture with legend and caption; `raster` takes the place of points that are too many. */
export function svgOf(sketch: Sketch, caption: Caption, raster: string | null): string {
  const { room, shade } = sketch;
  return pictureOf(room, shade, caption, [
    `<rect width="100%" height="100%" fill="${GROUND[shade]}"/>`,
    `<svg width="${room.width}" height="${room.height}">`,
    contoursOf(sketch),
    raster ? `<image width="${room.width}" height="${room.height}" href="${raster}"/>` : pointsOf(sketch),
    namesOf(sketch, textIn(shade), INK[shade].halo),
    "</svg>",
  ]);
}

/** Legend and caption alone, to be laid over a drawing of the canvas. */
export const frameOf = (room: Sketch["room"], shade: Shade, caption: Caption): string =>
  pictureOf(room, shade, caption, []);

const textIn = (shade: Shade) => `font-family="Inter, system-ui, sans-serif" fill="${INK[shade].text}"`;

function pictureOf(room: Sketch["room"], shade: Shade, caption: Caption, inside: readonly string[]): string {
  const { width, height } = sizeAround(room, caption);
  const text = textIn(shade);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(caption.title)}</title><desc>${escaped(caption.note)}</desc>`,
    ...inside,
    caption.legend ? legendOf(caption.legend, room, text, INK[shade].soft) : "",
    `<text x="16" y="${height - 11}" font-size="12" ${text}>${escaped(caption.title)}` +
      `<tspan dx="12" fill="${INK[shade].soft}">${escaped(caption.note)}</tspan></text>`,
    "</svg>",
  ].join("\n");
}

function pointsOf({ scene, transform, room, size, opacity }: Sketch): string {
  const circles = new Map<number, string[]>();
  for (const i of scene.drawn) {
    const x = short(transform.toX(placeX(scene.points, i)));
    const y = short(transform.toY(placeY(scene.points, i)));
    if (x < -size || y < -size || x > room.width + size || y > room.height + size) continue;
    const code = scene.codes[i];
    const group = circles.get(code) ?? [];
    group.push(`<circle cx="${x}" cy="${y}" r="${short(size / 2)}"/>`);
    circles.set(code, group);
  }
  return [...circles]
    .map(
      ([code, group]) =>
        `<g fill="${scene.palette[code]}" fill-opacity="${short(opacity)}">${group.join("")}</g>`,
    )
    .join("\n");
}

/** The groups of a scene, and the coordinates of its points. */
function groupsAt(scene: Scene, groups: NonNullable<Scene["groups"]>): [Group[], PlaceOf, PlaceOf] {
  const { points, drawn } = scene;
  const place = placeBetween({ from: points, to: points, along: 1 });
  const all = groupsAmong(groups.codes, drawn, groups.names.length);
  return [withMass(all, groups.codes, drawn, ...place), ...place];
}

function contoursOf({ scene, transform, contours }: Sketch): string {
  const { groups } = scene;
  if (!contours || !groups) return "";
  const [all, ...place] = groupsAt(scene, groups);
  return clusterContours(contouredAmong(all), ...place)
    .map(({ code, level, rings }) => {
      const line = rings
        .map(
          (ring) =>
            `M${ring.map(([x, y]) => `${short(transform.toX(x))} ${short(transform.toY(y))}`).join("L")}Z`,
        )
        .join("");
      return `<path d="${line}" fill="none" stroke="${groups.colours[code]}" stroke-opacity="${level === 0 ? 0.3 : 0.5}"/>`;
    })
    .join("");
}

function namesOf({ scene, transform, room, labels }: Sketch, text: string, halo: string): string {
  const { groups } = scene;
  if (!labels || !groups) return "";
  const all = clusterMedians(...groupsAt(scene, groups)).map(({ code, ...at }) => ({
    text: groups.names[code],
    ...at,
  }));
  const { size, names } = placedNames(
    all,
    transform,
    { left: 0, right: room.width },
    (text, size) => LETTER * size * text.length,
  );
  return names
    .map(
      ({ text: name, x, y }) =>
        `<text x="${short(x)}" y="${short(y)}" font-size="${size}" font-weight="650" ${text} ` +
        `text-anchor="middle" dominant-baseline="central" stroke="${halo}" stroke-width="5" stroke-linejoin="round" ` +
        `paint-order="stroke">${escaped(name)}</text>`,
    )
    .join("");
}

function legendOf(
  { title, entries, ramp }: Legend,
  room: Sketch["room"],
  text: string,
  soft: string,
): string {
  const left = room.width;
  const faint = text.replace(/fill="[^"]*"/, `fill="${soft}"`);
  const parts = [
    `<text x="${left + 12}" y="24" font-size="12" font-weight="650" ${text} dominant-baseline="central">${escaped(shortened(title, 24))}</text>`,
  ];
  if (ramp) {
    const width = LEGEND_ROOM - 24;
    const each = width / ramp.colours.length;
    ramp.colours.forEach((colour, at) => {
      parts.push(
        `<rect x="${short(left + 12 + at * each)}" y="40" width="${short(each + 0.4)}" height="10" fill="${colour}"/>`,
      );
    });
    parts.push(
      `<text x="${left + 12}" y="64" font-size="11" ${faint} dominant-baseline="central">${escaped(ramp.low)}</text>`,
      `<text x="${left + 12 + width}" y="64" font-size="11" ${faint} text-anchor="end" dominant-baseline="central">${escaped(ramp.high)}</text>`,
    );
  }
  const shown = entries.filter(({ hidden }) => !hidden);
  const rows = Math.max(1, Math.min(LEGEND_ROWS, Math.floor((room.height - 80) / LEGEND_ROW)));
  const y = (row: number) => 48 + row * LEGEND_ROW;
  shown.slice(0, rows).forEach(({ name, colour, count: n }, row) => {
    parts.push(
      `<circle cx="${left + 18}" cy="${y(row)}" r="4.5" fill="${colour}"/>` +
        `<text x="${left + 30}" y="${y(row)}" font-size="12" ${text} dominant-baseline="central">${escaped(shortened(name, 18))}</text>` +
        `<text x="${left + LEGEND_ROOM - 12}" y="${y(row)}" font-size="11" ${faint} text-anchor="end" dominant-baseline="central">${count(n)}</text>`,
    );
  });
  if (shown.length > rows)
    parts.push(
      `<text x="${left + 12}" y="${y(rows)}" font-size="11" ${faint} dominant-baseline="central">${rows} of ${shown.length}</text>`,
    );
  return parts.join("\n");
}
