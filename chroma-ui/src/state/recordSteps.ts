/** Remembers changes of filters, hidden classes, selection, charts and layout as steps that can be undone. */
import { count } from "../lib/format";
import type { Filter } from "./filters";
import { writeLayout } from "./layout";
import { useSelection } from "./selection";
import { forgetSteps, isQuiet, notifyUndoable, record } from "./steps";
import { useView, type ViewState } from "./view";

/** Where the steps belong: those of another place are forgotten. */
const placeOf = ({ home, run, split, only, panes }: ViewState): string =>
  JSON.stringify([home, run, split, only, panes.map((pane) => pane.run)]);

const samples = (n: number) => `${count(n)} ${n === 1 ? "sample" : "samples"}`;

/** The columns whose filters differ. */
function changedColumns(now: readonly Filter[], before: readonly Filter[]): string[] {
  const textOf = (filters: readonly Filter[], column: string) =>
    JSON.stringify(filters.find((filter) => filter.column === column));
  const columns = new Set([...now, ...before].map(({ column }) => column));
  return [...columns].filter((column) => textOf(now, column) !== textOf(before, column));
}

function onFilters(now: Filter[], before: Filter[]): void {
  const columns = now === before ? [] : changedColumns(now, before);
  if (columns.length === 0) return;
  const what = columns.length === 1 ? `the filter on ${columns[0]}` : "the filters";
  const to = (filters: Filter[]) => () => useView.getState().restore({ filters });
  record({ what, undo: to(before), redo: to(now) }, columns.length === 1 ? `filter ${columns[0]}` : "");
  if (now.length === 0 && before.length > 1) notifyUndoable("Cleared all filters.");
}

function onView(view: ViewState, before: ViewState): void {
  if (placeOf(view) !== placeOf(before)) {
    // The run that is open by default gets its name only after the page has opened.
    if (before.run !== null) forgetSteps();
    return;
  }
  if (isQuiet()) return;
  onFilters(view.filters, before.filters);
  if (view.hidden !== before.hidden && view.colour === before.colour) {
    const to = (hidden: string[]) => () => useView.getState().restore({ hidden });
    record({ what: "what the legend hides", undo: to(before.hidden), redo: to(view.hidden) }, "hidden");
  }
  if (view.charts !== before.charts) {
    const to =
      ({ charts }: ViewState) =>
      () =>
        useView.getState().restore({ charts });
    record({ what: "the charts", undo: to(before), redo: to(view) });
  }
  if (view.layout !== before.layout) {
    const to =
      ({ layout, opened }: ViewState) =>
      () =>
        useView.getState().restore({ layout, opened });
    const textOf = ({ layout }: ViewState) => layout && writeLayout({ ...layout, sizes: NO_SIZES });
    const resized = textOf(view) === textOf(before);
    record({ what: "the layout", undo: to(before), redo: to(view) }, resized ? "size" : "");
  }
}

const NO_SIZES = { left: null, right: null, bottom: null };

function onSelection(now: Uint32Array, before: Uint32Array): void {
  if (isQuiet()) return;
  const to = (positions: Uint32Array) => () => useSelection.getState().restore(positions);
  const what = now.length ? `the selection of ${samples(now.length)}` : "clearing the selection";
  record({ what, undo: to(before), redo: to(now) });
  if (now.length === 0 && before.length > 1)
    notifyUndoable(`Cleared the selection of ${samples(before.length)}.`);
}

/** Begins to remember; returns a function that stops it. */
export function recordSteps(): () => void {
  const stops = [
    useView.subscribe(onView),
    useSelection.subscribe((now, before) => {
      if (now.samples !== before.samples) onSelection(now.samples, before.samples);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    forgetSteps();
  };
}
