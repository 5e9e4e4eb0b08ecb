/** Pure: the canvas as an SVG picture whose names, lines and legend stay sharp and editable. */
import { count } from "../lib/format";
import type { Shade } from "../lib/useTheme";
import type { Transform } from "../scatter/camera";
import { clusterContours, clusterMedians, type Group, groupsAmong } from "../scatter/clusters";
import { type PlaceOf, placeBetween, placeX, placeY } from "../scatter/encode";
import { withMass } from "../scatter/mass";
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
  ground: string;
  entries: readonly { name: string; colour: string; count: number; hidden: boolean }[];
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
const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export function svgOf(sketch: Sketch, caption: Caption, raster: string | null): string {
  const { room, shade } = sketch;
  const ink = INK[shade];
  const entries = caption.entries.filter(({ hidden }) => !hidden);
  const width = room.width + (entries.length ? LEGEND_ROOM : 0);
  const text = `font-family="Inter, system-ui, sans-serif" fill="${ink.text}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${room.height}" viewBox="0 0 ${width} ${room.height}">`,
    `<title>${escaped(caption.title)}</title><desc>${escaped(caption.note)}</desc>`,
    `<rect width="100%" height="100%" fill="${caption.ground}"/>`,
    `<svg width="${room.width}" height="${room.height}">`,
    contoursOf(sketch),
    raster ? `<image width="${room.width}" height="${room.height}" href="${raster}"/>` : pointsOf(sketch),
    namesOf(sketch, text, ink.halo),
    "</svg>",
    legendOf(entries, room.width, text, ink.soft),
    `<text x="16" y="${room.height - 14}" font-size="11" ${text} fill-opacity="0.7">${escaped(`${caption.title} · ${caption.note}`)}</text>`,
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
  return clusterContours(...groupsAt(scene, groups))
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

function namesOf({ scene, transform, labels }: Sketch, text: string, halo: string): string {
  const { groups } = scene;
  if (!labels || !groups) return "";
  return clusterMedians(...groupsAt(scene, groups))
    .map(
      ({ code, x, y }) =>
        `<text x="${short(transform.toX(x))}" y="${short(transform.toY(y))}" font-size="16" font-weight="650" ${text} ` +
        `text-anchor="middle" dominant-baseline="central" stroke="${halo}" stroke-width="5" stroke-linejoin="round" ` +
        `paint-order="stroke">${escaped(cut(groups.names[code], 24))}</text>`,
    )
    .join("");
}

function legendOf(entries: Caption["entries"], left: number, text: string, soft: string): string {
  const rows = entries.slice(0, LEGEND_ROWS).map(({ name, colour, count: n }, row) => {
    const y = 24 + row * LEGEND_ROW;
    return (
      `<circle cx="${left + 16}" cy="${y}" r="4.5" fill="${colour}"/>` +
      `<text x="${left + 28}" y="${y}" font-size="12" ${text} dominant-baseline="central">${escaped(cut(name, 18))}</text>` +
      `<text x="${left + LEGEND_ROOM - 12}" y="${y}" font-size="11" ${text.replace(/fill="[^"]*"/, `fill="${soft}"`)} text-anchor="end" dominant-baseline="central">${count(n)}</text>`
    );
  });
  if (entries.length > LEGEND_ROWS) {
    const y = 24 + LEGEND_ROWS * LEGEND_ROW;
    rows.push(
      `<text x="${left + 16}" y="${y}" font-size="11" ${text}>${LEGEND_ROWS} of ${entries.length}</text>`,
    );
  }
  return rows.join("\n");
}
