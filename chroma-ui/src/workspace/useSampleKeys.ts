/** Keys that go from sample to sample, select and tag them, and move the focus through the parts of the page. */
import type { Picture } from "../film/picture";
import { indicesAt, keyAt, keysAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import type { Key } from "../lib/useKeys";
import type { Plot } from "../scatter/plot";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";

/** F6 goes through them in the order of the page. */
const PARTS = "[data-part], [data-testid=points], [data-testid=timeline-slider]";
const FOCUSABLE = "button:not([disabled]), [role=tab], input, [tabindex='0']";

/** Gives the next or previous part of the page the focus. */
function focusPart(by: 1 | -1): void {
  const parts = [...document.querySelectorAll<HTMLElement>(PARTS)].flatMap((part) => {
    const target = part.matches(FOCUSABLE) || part.tabIndex >= 0 ? part : firstIn(part);
    return target?.checkVisibility() ? [{ part, target }] : [];
  });
  if (parts.length === 0) return;
  const at = parts.findIndex(({ part }) => part.contains(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : parts.length - 1) : (at + by + parts.length) % parts.length;
  parts[next].target.focus();
}

/** What of a part takes the focus: the tab in front where there are tabs. */
const firstIn = (part: HTMLElement): HTMLElement | null =>
  part.querySelector("[role=tab][aria-selected=true]") ??
  [...part.querySelectorAll<HTMLElement>(FOCUSABLE)].find((each) => each.checkVisibility()) ??
  null;

export function useSampleKeys(
  plot: Plot | null,
  shown: ShownFrame | null,
  picture: Picture | null,
  focused: number | null,
): Key[] {
  const { select, setTagging } = useSelection.getState();
  const selectedNow = () => (shown ? indicesAt(shown, useSelection.getState().samples) : new Uint32Array(0));
  const step = (by: 1 | -1) => {
    if (!shown || !picture) return;
    const chosen = selectedNow();
    const list = chosen.length ? chosen : picture.scene.drawn;
    if (list.length === 0) return;
    const at = focused === null ? -1 : list.indexOf(focused);
    const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : (at + by + list.length) % list.length];
    plot?.reveal(next);
    useView.getState().focus(keyAt(shown, next));
  };
  const tag = () => {
    if (!shown) return;
    if (selectedNow().length === 0) {
      if (focused === null) return;
      select(keysAt(shown, Uint32Array.of(focused)), "replace", true);
    }
    setTagging(true);
  };
  return [
    ["n", () => step(1)],
    ["shift+n", () => step(-1)],
    ["g", tag],
    ["mod+a", () => shown && picture && select(keysAt(shown, picture.scene.drawn.slice()), "replace")],
    ["F6", () => focusPart(1)],
    ["shift+F6", () => focusPart(-1)],
  ];
}
