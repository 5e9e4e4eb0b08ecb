import { create } from "zustand";
import { type Axis, markOf } from "./axis";
import { type Filter, withFilter } from "./filters";
import type { LinkName, Pane } from "./panes";
import { type Method, readView, type View, writeView } from "./url";

type Actions = {
  playing: boolean;
  setShelf: (shelf: boolean) => void;
  openRun: (run: string | null) => void;
  /** Puts films side by side; none shows one film again. */
  compare: (panes: Pane[]) => void;
  setPane: (index: number, change: Partial<Pane>) => void;
  /** Binds the panes' cameras or times together, or lets them go. */
  setLinked: (name: LinkName, linked: boolean) => void;
  openLayer: (layer: string) => void;
  openSplit: (split: string) => void;
  setMethod: (method: Method) => void;
  /** Changes what the frames run over; over layers those of `step`, over runs also the `mates`. */
  runOver: (over: Axis, step: number | null, mates?: readonly string[]) => void;
  /** Shows only the samples that were picked for a film; null shows all again. */
  showOnly: (film: string | null) => void;
  /** null follows the newest frame. */
  seek: (step: number | null) => void;
  seekFrame: (frame: { step: number; layer: string; runId: string }) => void;
  setPlaying: (playing: boolean) => void;
  colourBy: (column: string) => void;
  toggleCategory: (name: string) => void;
  /** Shows this category alone; done again, shows them all. */
  isolateCategory: (name: string, all: readonly string[]) => void;
  showAllCategories: () => void;
  focus: (sample: number | null) => void;
  /** null takes the filter of a column away. */
  setFilter: (column: string, filter: Filter | null) => void;
  clearFilters: () => void;
};

/** View state, mirrored to the address. It never fetches. */
export const useView = create<View & Actions>()((set) => ({
  ...readView(window.location.search),
  playing: false,
  setShelf: (shelf) => set({ shelf, playing: false }),
  compare: (panes) => set({ panes, shelf: false, playing: false, sample: null }),
  setPane: (index, change) =>
    set(({ panes }) => ({
      panes: panes.map((pane, at) => (at === index ? { ...pane, ...change } : pane)),
    })),
  setLinked: (name, linked) =>
    set(({ free }) => ({
      free: linked ? free.filter((other) => other !== name) : [...free, name].sort(),
    })),
  openRun: (run) =>
    set({
      panes: [],
      run,
      layer: null,
      split: null,
      over: "epochs",
      at: null,
      mates: [],
      only: null,
      step: null,
      hidden: [],
      sample: null,
      filters: [],
      camera: null,
      playing: false,
    }),
  // Over layers it is a frame of the film.
  openLayer: (layer) =>
    set(({ over }) => (over === "layers" ? { layer, at: layer } : { layer, camera: null })),
  openSplit: (split) => set({ split, only: null, sample: null, hidden: [], filters: [], camera: null }),
  setMethod: (method) => set({ method, camera: null }),
  runOver: (over, step, mates) =>
    set((view) => ({
      over,
      step,
      at: null,
      mates: [...(mates ?? view.mates)],
      camera: null,
      playing: false,
    })),
  showOnly: (only) => set({ only, sample: null, camera: null, playing: false }),
  seek: (step) => set({ step }),
  seekFrame: (frame) =>
    set(({ over }) => (over === "epochs" ? { step: frame.step } : { at: markOf(frame, over) })),
  setPlaying: (playing) => set({ playing }),
  colourBy: (colour) => set({ colour, hidden: [] }),
  toggleCategory: (name) =>
    set(({ hidden }) => ({
      hidden: hidden.includes(name) ? hidden.filter((other) => other !== name) : [...hidden, name],
    })),
  isolateCategory: (name, all) =>
    set(({ hidden }) => {
      const others = all.filter((other) => other !== name);
      const alone = !hidden.includes(name) && others.every((other) => hidden.includes(other));
      return { hidden: alone ? [] : others };
    }),
  showAllCategories: () => set({ hidden: [] }),
  focus: (sample) => set({ sample }),
  setFilter: (column, filter) => set(({ filters }) => ({ filters: withFilter(filters, column, filter) })),
  clearFilters: () => set({ filters: [] }),
}));

/** Goes to a view by its address; Back leads away from it again. */
export function openAddress(search: string): void {
  const view = readView(search);
  window.history.pushState(null, "", `${window.location.pathname}${writeView(view)}`);
  useView.setState({ ...view, playing: false });
}

/** Keeps the address in step with the view. Opening another run, layer or split can be undone by Back. */
export function mirrorToAddress(): () => void {
  const stop = useView.subscribe((view, before) => {
    const search = writeView(view);
    if (search === window.location.search) return;
    const place = `${window.location.pathname}${search}`;
    const turned =
      (before.run !== null && view.run !== before.run) ||
      view.shelf !== before.shelf ||
      view.panes.length > 0 !== before.panes.length > 0;
    if (turned) window.history.pushState(null, "", place);
    else window.history.replaceState(null, "", place);
  });
  const back = () => useView.setState({ ...readView(window.location.search), playing: false });
  window.addEventListener("popstate", back);
  return () => {
    stop();
    window.removeEventListener("popstate", back);
  };
}
