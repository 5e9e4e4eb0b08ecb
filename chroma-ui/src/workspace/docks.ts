/** Pure: which panels each side shows. */
import { CHOSEN, type Layout, placedAt, SIDES, type Side, sideOf, writeLayout } from "../state/layout";
import { PANELS, type PanelEntry, panelNamed } from "./panels";

/** The panels of what is chosen on the canvas. */
export type Followed = "sample" | "selection" | "run";

/** The panels of a side in the order of their tabs, and the one in front; null where there are none. */
export type Dock = { panels: readonly PanelEntry[]; front: PanelEntry } | null;

const namesAt = (side: Side) =>
  PANELS.filter((panel) => panel.open && panel.place === side).map(({ name }) => name);

export const USUAL: Layout = {
  panels: { left: namesAt("left"), right: namesAt("right"), bottom: namesAt("bottom") },
  sizes: { left: null, right: null, bottom: null },
};

/** The layout of the view, with all opened panels; those of this version only. */
export function layoutOf(chosen: Layout | null, opened: readonly string[]): Layout {
  const layout = chosen ?? USUAL;
  const known = (side: Side) => layout.panels[side].filter((name) => panelNamed(name)?.name === name);
  const start: Layout = {
    ...layout,
    panels: { left: known("left"), right: known("right"), bottom: known("bottom") },
  };
  return opened.reduce((before, name) => {
    const panel = panelNamed(name);
    return panel && sideOf(before, panel.name) === null ? placedAt(before, panel.name, panel.place) : before;
  }, start);
}

/** null where it is the usual one: the address then does not name it. */
export const asChosen = (layout: Layout): Layout | null =>
  writeLayout(layout) === writeLayout(USUAL) ? null : layout;

export function docksOf(layout: Layout, opened: readonly string[], followed: Followed): Record<Side, Dock> {
  const order = [...opened, CHOSEN].map((name) => (name === CHOSEN ? followed : panelNamed(name)?.name));
  const dock = (side: Side): Dock => {
    const panels = layout.panels[side].flatMap((name) => panelNamed(name) ?? []);
    const name = order.find((each) => panels.some((panel) => panel.name === each));
    const front = panels.find((panel) => panel.name === name) ?? panels[0];
    return front ? { panels, front } : null;
  };
  const [left, right, bottom] = SIDES.map(dock);
  return { left, right, bottom };
}
