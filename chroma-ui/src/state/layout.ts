/** Pure: where the panels of the workspace are, and how the address writes it. */

export const SIDES = ["left", "right", "bottom"] as const;
export type Side = (typeof SIDES)[number];

/** Names of the panels of each side in the order of their tabs, and widths (of the bottom: its height) in CSS pixels. */
export type Layout = {
  panels: Record<Side, readonly string[]>;
  /** null is the usual size. */
  sizes: Record<Side, number | null>;
};

/** Stands among the opened panels for that of what was chosen last on the canvas. */
export const CHOSEN = "chosen";

/** How the address names the review of a split's labels, a part of the panel `findings`. */
export const REVIEW = "labels:";

/** The review that the panel of findings shows, of the opened panels; null where it shows the findings. */
export const reviewIn = (opened: readonly string[]): string | null => {
  const latest = opened.find((name) => name === "findings" || name.startsWith(REVIEW));
  return latest?.startsWith(REVIEW) ? latest : null;
};

/** More opened panels than sides need not be remembered; these are some more than there are sides. */
const MOST_OPENED = 6;
export const LEAST_SIZE = 160;
const GREATEST_SIZE = 2_000;
const NAME = /^[a-z][a-z0-9-]*$/;

export const clampSize = (size: number): number =>
  Math.round(Math.min(GREATEST_SIZE, Math.max(LEAST_SIZE, size)));

export const sideOf = ({ panels }: Layout, name: string): Side | null =>
  SIDES.find((side) => panels[side].includes(name)) ?? null;

/** The layout without a panel. */
export function without(layout: Layout, name: string): Layout {
  const kept = (side: Side) => layout.panels[side].filter((other) => other !== name);
  return { ...layout, panels: { left: kept("left"), right: kept("right"), bottom: kept("bottom") } };
}

/** The layout with a panel at the end of a side. */
export function placedAt(layout: Layout, name: string, side: Side): Layout {
  const others = without(layout, name);
  return { ...others, panels: { ...others.panels, [side]: [...others.panels[side], name] } };
}

export const sized = (layout: Layout, side: Side, size: number | null): Layout => ({
  ...layout,
  sizes: { ...layout.sizes, [side]: size === null ? null : clampSize(size) },
});

/** The opened panels, latest first, once another is opened. */
export function openedWith(opened: readonly string[], name: string): string[] {
  const next = [name, ...opened.filter((other) => other !== name)].slice(0, MOST_OPENED);
  while (next[next.length - 1] === CHOSEN) next.pop();
  return next;
}

/** left~right~bottom, each its panels' names and its size: `legend~sample,run@400~table`. */
export const writeLayout = ({ panels, sizes }: Layout): string =>
  SIDES.map((side) => `${panels[side].join(",")}${sizes[side] === null ? "" : `@${sizes[side]}`}`).join("~");

export function readLayout(text: string | null): Layout | null {
  const parts = text?.split("~") ?? [];
  if (parts.length !== SIDES.length) return null;
  const panels: Record<Side, string[]> = { left: [], right: [], bottom: [] };
  const sizes: Layout["sizes"] = { left: null, right: null, bottom: null };
  const seen = new Set<string>();
  for (const [at, part] of parts.entries()) {
    const [names, size] = part.split("@");
    for (const name of names.split(",").filter(Boolean)) {
      if (!NAME.test(name) || seen.has(name)) return null;
      seen.add(name);
      panels[SIDES[at]].push(name);
    }
    if (size === undefined) continue;
    if (!/^\d{1,4}$/.test(size)) return null;
    sizes[SIDES[at]] = clampSize(Number(size));
  }
  return { panels, sizes };
}
