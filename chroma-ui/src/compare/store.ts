/** State that the panes of one compare view share; the view creates it, panes get it by context. */
import { createContext, useContext } from "react";
import { createStore, type StoreApi, useStore } from "zustand";
import type { Frame } from "../api/bytes";
import type { Picture } from "../film/picture";
import type { FilmBox, ShownFrame } from "../film/useShownFrame";
import type { SampleDetail } from "../inspector/useSample";
import type { Place } from "../scatter/viewpoint";
import type { Laid } from "./laid";
import type { SampleNumbers } from "./sampleNumbers";
import type { PaneFilm } from "./usePane";

export type Span = { name: string; low: number; high: number };

/** What a pane shows now. */
export type PaneLive = PaneFilm & {
  frames: readonly Frame[];
  index: number;
  shown: ShownFrame | null;
  picture: Picture | null;
  /** What its camera fits. */
  box: FilmBox | null;
  /** How its points are laid onto those of pane A; null where they are not. */
  laidOnto: Laid | null;
  /** The colour column and its range in this pane, before all panes share one scale. */
  span: Span | null;
  sampleNumbers: SampleNumbers | null;
  /** The sample in focus, from this pane's run. */
  sample: SampleDetail | null;
};

type Compare = {
  lives: ReadonlyMap<number, PaneLive>;
  publish: (pane: number, live: PaneLive | null) => void;
  /** The sample under the pointer and its pane; a null pane is a list beside the panes. */
  hover: { pane: number | null; sample: number } | null;
  setHover: (hover: Compare["hover"]) => void;
  /** Where the shared slider is dragged to, as a fractional frame index of `pane`; null once it is released. */
  drag: { pane: number; at: number } | null;
  setDrag: (drag: Compare["drag"]) => void;
  /** The camera of the pane that a person moved last. */
  camera: { pane: number; place: Place } | null;
  setCamera: (camera: Compare["camera"]) => void;
};

export const createCompareStore = (): StoreApi<Compare> =>
  createStore<Compare>()((set) => ({
    lives: new Map(),
    publish: (pane, live) =>
      set(({ lives }) => {
        const next = new Map(lives);
        if (live) next.set(pane, live);
        else next.delete(pane);
        return { lives: next };
      }),
    hover: null,
    setHover: (hover) => set({ hover }),
    drag: null,
    setDrag: (drag) => set({ drag }),
    camera: null,
    setCamera: (camera) => set({ camera }),
  }));

const Context = createContext<StoreApi<Compare> | null>(null);
export const CompareProvider = Context.Provider;

export function useCompareStore(): StoreApi<Compare> {
  const store = useContext(Context);
  if (!store) throw new Error("A pane stands outside of a compare view: wrap it in CompareProvider.");
  return store;
}

export const useCompare = <T>(pick: (compare: Compare) => T): T => useStore(useCompareStore(), pick);
