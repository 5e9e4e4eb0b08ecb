import { create } from "zustand";
import type { Place } from "../scatter/viewpoint";
import type { Appearance } from "./appearance";
import { type Axis, markOf } from "./axis";
import { type Chart, readCharts, writeCharts } from "./charts";
import { type Filter, FOUND, withFilter } from "./filters";
import { CHOSEN, type Layout, openedWith, readLayout, writeLayout } from "./layout";
import type { LinkName, Pane } from "./panes";
import type { Parameters } from "./parameters";
import { usePreferences } from "./preferences";
import type { SelectorStore } from "./selectorStore";
import { forgetSteps, quietly } from "./steps";
import type { Table } from "./table";
import { DEFAULT_VIEW, type Method, readView, type View } from "./url";

type Actions = {
  playing: boolean;
  /** Replaces the whole view, as opening an address does. */
  show: (view: View) => void;
  /** Puts back what was undone. */
  restore: (change: Partial<Pick<View, "filters" | "hidden" | "layout" | "opened" | "charts">>) => void;
  setHome: (home: boolean) => void;
  openRun: (run: string | null) => void;
  /** Names the run that is open by default, so that the address can be shared. */
  nameRun: (run: string) => void;
  /** Puts films side by side; none shows one film again. */
  compare: (panes: Pane[]) => void;
  setPane: (index: number, change: Partial<Pane>) => void;
  /** Shows the film of the first pane alone, with the samples and the camera that all panes share. */
  leavePanes: () => void;
  setAgainst: (pane: number) => void;
  /** Lays the other panes' points onto those of the first. */
  setLaid: (laid: boolean) => void;
  /** Links the panes' cameras or times, or unlinks them. */
  setLinked: (name: LinkName, linked: boolean) => void;
  openLayer: (layer: string) => void;
  /** `joint` says that it is several splits placed together: their films run over epochs. */
  openSplit: (split: string, joint?: boolean) => void;
  /** With parameters that differ from the defaults. */
  setMethod: (method: Method, parameters?: Parameters) => void;
  /** Shows a frame in three dimensions, by this method; null shows the film. */
  setOrbit: (method: Method | null) => void;
  /** Changes what the frames run over; over layers those of `step`, over runs also the `mates`. */
  runOver: (over: Axis, step: number | null, mates?: readonly string[]) => void;
  /** Over runs: the epoch that each run shows; null for the last. */
  setEpoch: (epoch: number | null) => void;
  /** Shows a film of some samples only; null shows all again. */
  showOnly: (film: string | null) => void;
  /** null follows the newest frame. */
  seek: (step: number | null) => void;
  seekFrame: (frame: { step: number; layer: string; runId: string }) => void;
  setPlaying: (playing: boolean) => void;
  colourBy: (column: string) => void;
  setScale: (scale: View["scale"]) => void;
  toggleCategory: (name: string) => void;
  /** Shows only this category; called again, shows all. */
  isolateCategory: (name: string, all: readonly string[]) => void;
  showAllCategories: () => void;
  /** With `stays` the panel that is open stays so. */
  focus: (sample: number | null, stays?: boolean) => void;
  /** How the address writes the selected samples. */
  setSelected: (selected: string | null) => void;
  /** null removes the column's filter. */
  setFilter: (column: string, filter: Filter | null) => void;
  clearFilters: () => void;
  /** Lets the samples that a search finds stand out; null ends it, with the filter and the colour by it. */
  setSearch: (words: string | null) => void;
  /** Brings a panel to the front of its side; null the panel of what was chosen last. */
  openPanel: (panel: string | null) => void;
  /** Moves and closes panels; null is the usual layout. A closed panel is no longer `opened`. */
  setLayout: (layout: Layout | null, closed?: string | null) => void;
  setTable: (table: Table | null) => void;
  setCharts: (charts: readonly Chart[] | null) => void;
  setFinding: (key: string | null) => void;
  setAppearance: (change: Partial<Appearance>) => void;
  /** null sees the whole film. */
  setCamera: (camera: Place | null) => void;
  /** Sees the whole film in all panes. */
  resetCameras: () => void;
};

export type ViewState = View & Actions;

/** The samples of a view belong to one split and are dropped with it. */
const NO_SAMPLES = { sample: null, selected: null };

/** The view of the address; where it names no run, with this person's preferred appearance, layout and charts. */
export function addressedView(search = window.location.search): View {
  const { appearance, layout, charts } = usePreferences.getState();
  return readView(search, { appearance, layout: readLayout(layout), charts: readCharts(charts) });
}

const isOther = <T>(next: T | undefined, now: T | undefined): boolean => next !== undefined && next !== now;

/** What opening a run resets: all that belonged to the one before. */
const RESET = {
  panes: [],
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
  search: null,
  camera: null,
  finding: null,
  playing: false,
} satisfies Partial<View & { playing: boolean }>;

/** View state, mirrored to the address. It fetches nothing. */
export const useView: SelectorStore<ViewState> = create<ViewState>()((set) => ({
  ...addressedView(),
  playing: false,
  show: (view) => {
    quietly(() => set({ ...view, playing: false }));
    forgetSteps();
  },
  restore: (change) => set(change),
  setHome: (home) => set({ home, playing: false }),
  // Samples are identified by their positions in the first pane's split.
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
      ...(index === 0 && (["run", "split"] as const).some((name) => isOther(change[name], panes[0]?.[name]))
        ? NO_SAMPLES
        : {}),
    })),
  setAgainst: (against) => set({ against }),
  setLaid: (laid) => set({ laid }),
  setLinked: (name, linked) =>
    set(({ free }) => ({
      free: linked ? free.filter((other) => other !== name) : [...free, name].sort(),
    })),
  openRun: (run) => set({ ...RESET, run }),
  nameRun: (run) => set({ run }),
  leavePanes: () =>
    set(({ panes, sample, selected, split, camera }) => {
      const { run, layer, step, split: own } = panes[0];
      return { ...RESET, run, layer, step, sample, selected, split: own ?? split, camera };
    }),
  // Over layers, a layer is a frame of the film.
  openLayer: (layer) =>
    set(({ over }) => (over === "layers" ? { layer, at: layer } : { layer, camera: null })),
  openSplit: (split, joint = false) =>
    set(({ panes }) => ({
      ...{ split, only: null, ...NO_SAMPLES, hidden: [], filters: [], camera: null },
      ...(joint ? { over: "epochs" as const, at: null } : {}),
      panes: panes.map((pane) => ({ ...pane, split: null })),
    })),
  // Logged coordinates run over epochs only.
  setMethod: (method, parameters = []) =>
    set({
      method,
      parameters,
      orbit: null,
      camera: null,
      ...(method === "logged" ? { over: "epochs" as const, at: null } : {}),
    }),
  setOrbit: (orbit) => set({ orbit, camera: null, playing: false }),
  runOver: (over, step, mates) =>
    set((view) => ({
      over,
      step,
      at: null,
      mates: [...(mates ?? view.mates)],
      camera: null,
      playing: false,
    })),
  setEpoch: (epoch) => set({ epoch, camera: null }),
  showOnly: (only) => set({ only, ...NO_SAMPLES, camera: null, playing: false }),
  seek: (step) => set({ step }),
  seekFrame: (frame) =>
    set(({ over }) => (over === "epochs" ? { step: frame.step } : { at: markOf(frame, over) })),
  setPlaying: (playing) => set({ playing }),
  colourBy: (colour) => set({ colour, hidden: [], scale: "auto" }),
  setScale: (scale) => set({ scale }),
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
  focus: (sample, stays = false) =>
    set(({ opened }) =>
      sample === null || stays ? { sample } : { sample, opened: openedWith(opened, CHOSEN) },
    ),
  setSelected: (selected) => set({ selected }),
  setFilter: (column, filter) => set(({ filters }) => ({ filters: withFilter(filters, column, filter) })),
  clearFilters: () => set({ filters: [] }),
  setSearch: (words) =>
    set(({ filters, colour }) =>
      words === null
        ? {
            search: null,
            filters: withFilter(filters, FOUND, null),
            colour: colour === FOUND ? DEFAULT_VIEW.colour : colour,
          }
        : { search: words },
    ),
  openPanel: (panel) => set(({ opened }) => ({ opened: openedWith(opened, panel ?? CHOSEN) })),
  setLayout: (layout, closed = null) => {
    usePreferences.getState().set({ layout: layout && writeLayout(layout) });
    set(({ opened }) => ({ layout, opened: opened.filter((name) => name !== closed) }));
  },
  setTable: (table) => set({ table }),
  setCharts: (charts) => {
    usePreferences.getState().set({ charts: charts && writeCharts(charts) });
    set({ charts });
  },
  setFinding: (finding) => set({ finding }),
  setAppearance: (change) =>
    set((view) => {
      const appearance = { ...view.appearance, ...change };
      usePreferences.getState().set({ appearance });
      return { appearance };
    }),
  setCamera: (camera) => set({ camera }),
  resetCameras: () =>
    set(({ panes }) => ({ camera: null, panes: panes.map((pane) => ({ ...pane, camera: null })) })),
}));
