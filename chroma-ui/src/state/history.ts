/** The view in the browser's history: the address follows it, and Back restores it. */
import { ENTRIES, type View, writeView } from "./url";
import { addressedView, useView } from "./view";

/** Goes to a view by its address; Back leads away from it again. */
export function openAddress(search: string): void {
  const view = addressedView(search);
  window.history.pushState(null, "", `${window.location.pathname}${writeView(view)}`);
  useView.getState().show(view);
}

/** Changes of one kind that follow each other faster are one: a scale being brushed, names being clicked. */
const TOGETHER_MS = 1_000;

/** Names of the fields that are history entries and differ; panes count by what they show. */
function changedEntries(view: View, before: View): string {
  const differs = (name: (typeof ENTRIES)[number]): boolean => {
    if (name !== "panes") return view[name] !== before[name];
    const shown = ({ panes }: View) => JSON.stringify(panes.map(({ run, layer }) => [run, layer]));
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
    // The run that was opened because the address named none is no place of its own.
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
