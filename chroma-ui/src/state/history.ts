/** The view in the browser's history: the address follows it, and Back restores it. */
import { reviewIn } from "./layout";
import { ENTRIES, type View, writeView } from "./url";
import { addressedView, useView } from "./view";

/** Opens a view by its address, as a new history entry. */
export const openAddress = (search: string): void => openView(addressedView(search));

/** Opens a view, as a new history entry. */
export function openView(view: View): void {
  window.history.pushState(null, "", `${window.location.pathname}${writeView(view)}`);
  useView.getState().show(view);
}

/** Changes of the same fields within this time are one history entry: dragging a range, clicking names. */
const TOGETHER_MS = 1_000;

/**
 * Names of the changed fields that make history entries; of panes, only run, layer and split count. A review of labels is
 * one entry, however many samples it steps through: Back leaves it.
 */
function changedEntries(view: View, before: View): string {
  const review = reviewIn(view.opened);
  const begins = review !== null && review !== reviewIn(before.opened);
  if (begins) return "review";
  // A sample that is focused elsewhere opens its panel, and is an entry.
  const steps = review !== null && view.opened === before.opened;
  const differs = (name: (typeof ENTRIES)[number]): boolean => {
    if (steps && name === "sample") return false;
    if (name !== "panes") return view[name] !== before[name];
    const shown = ({ panes }: View) =>
      JSON.stringify(panes.map(({ run, layer, split }) => [run, layer, split]));
    return shown(view) !== shown(before);
  };
  return ENTRIES.filter(differs).join();
}

/** Keeps the address in step with the view. */
export function mirrorToAddress(): () => void {
  let last = { what: "", at: Number.NEGATIVE_INFINITY };
  let byHistory = false;
  const stop = useView.subscribe((view, before) => {
    const search = writeView(view);
    if (byHistory || search === window.location.search) return;
    const place = `${window.location.pathname}${search}`;
    // Opening the default run, because the address named none, makes no entry of its own.
    const what =
      before.run === null && before.panes.length === 0 && !before.home ? "" : changedEntries(view, before);
    const now = performance.now();
    if (what && !(what === last.what && now - last.at < TOGETHER_MS))
      window.history.pushState(null, "", place);
    else window.history.replaceState(null, "", place);
    if (what) last = { what, at: now };
  });
  const back = () => {
    last = { what: "", at: Number.NEGATIVE_INFINITY };
    byHistory = true;
    useView.getState().show(addressedView());
    byHistory = false;
  };
  window.addEventListener("popstate", back);
  return () => {
    stop();
    window.removeEventListener("popstate", back);
  };
}
