import { create } from "zustand";
import { type Axis, markOf } from "./axis";
import { type Filter, withFilter } from "./filters";
import type { Look } from "./look";
import type { LinkName, Pane } from "./panes";
import { usePreferences } from "./preferences";
import { type Method, readView, type View, writeView } from "./url";

type Actions = {
  playing: boolean;
  setHome: (home: boolean) => void;
  openRun: (run: string | null) => void;
  /** Puts films side by side; none shows one film again. */
  compare: (panes: Pane[]) => void;
  setPane: (index: number, change: Partial<Pane>) => void;
  setAgainst: (pane: number) => void;
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
  setLook: (change: Partial<Look>) => void;
};

/** The samples a view points at: they belong to one split. */
const NO_SAMPLES = { sample: null, selected: null };

function read(): View {
  return readView(window.location.search, usePreferences.getState().look);
}

/** View state, mirrored to the address. It never fetches. */
export const useView = create<View & Actions>()((set) => ({
  ...read(),
  playing: false,
  setHome: (home) => set({ home, playing: false }),
  // Samples are known by their places in the split of the first pane.
  compare: (panes) =>
    set((view) => ({
      panes,
      home: false,
      playing: false,
      against: 1,
      ...((view.panes[0]?.run ?? view.run) === panes[0]?.run ? {} : NO_SAMPLES),
    })),
  setPane: (index, change) =>
    set(({ panes }) => ({
      panes: panes.map((pane, at) => (at === index ? { ...pane, ...change } : pane)),
      ...(index === 0 && change.run !== undefined && change.run !== panes[0]?.run ? NO_SAMPLES : {}),
    })),
  setAgainst: (against) => set({ against }),
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
      epoch: null,
      only: null,
      step: null,
      hidden: [],
      ...NO_SAMPLES,
      filters: [],
      camera: null,
      playing: false,
    }),
  // Over layers it is a frame of the film.
  openLayer: (layer) =>
    set(({ over }) => (over === "layers" ? { layer, at: layer } : { layer, camera: null })),
  openSplit: (split) => set({ split, only: null, ...NO_SAMPLES, hidden: [], filters: [], camera: null }),
  // Coordinates that were logged run over epochs alone.
  setMethod: (method) =>
    set({ method, camera: null, ...(method === "logged" ? { over: "epochs" as const, at: null } : {}) }),
  runOver: (over, step, mates) =>
    set((view) => ({
      over,
      step,
      at: null,
      mates: [...(mates ?? view.mates)],
      camera: null,
      playing: false,
    })),
  showOnly: (only) => set({ only, ...NO_SAMPLES, camera: null, playing: false }),
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
  setLook: (change) =>
    set((view) => {
      const look = { ...view.look, ...change };
      usePreferences.getState().set({ look });
      return { look };
    }),
}));

/** Goes to a view by its address; Back leads away from it again. */
export function openAddress(search: string): void {
  const view = readView(search, usePreferences.getState().look);
  window.history.pushState(null, "", `${window.location.pathname}${writeView(view)}`);
  useView.setState({ ...view, playing: false });
}

/** What a person goes to and may want to leave by Back; moments, cameras and looks are only kept. */
const STOPS = [
  "home",
  "panes",
  "run",
  "layer",
  "split",
  "method",
  "over",
  "mates",
  "epoch",
  "only",
  "colour",
  "hidden",
  "sample",
  "selected",
  "filters",
] as const satisfies readonly (keyof View)[];
/** Changes of one kind that follow each other faster are one: a scale being brushed, names being clicked. */
const TOGETHER_MS = 1_000;

/** Which of them differ; panes count by what they show. */
function turned(view: View, before: View): string {
  const differs = (name: (typeof STOPS)[number]): boolean => {
    if (name !== "panes") return view[name] !== before[name];
    const shown = ({ panes }: View) => JSON.stringify(panes.map(({ run, layer }) => [run, layer]));
    return shown(view) !== shown(before);
  };
  return STOPS.filter(differs).join();
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
    const what = before.run === null && before.panes.length === 0 && !before.home ? "" : turned(view, before);
    const now = performance.now();
    if (what && !(what === last.what && now - last.at < TOGETHER_MS))
      window.history.pushState(null, "", place);
    else window.history.replaceState(null, "", place);
    if (what) last = { what, at: now };
  });
  const back = () => {
    last = { what: "", at: Number.NEGATIVE_INFINITY };
    byHistory = true;
    useView.setState({ ...read(), playing: false });
    byHistory = false;
  };
  window.addEventListener("popstate", back);
  return () => {
    stop();
    window.removeEventListener("popstate", back);
  };
}
