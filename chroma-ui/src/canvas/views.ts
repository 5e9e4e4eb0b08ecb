import { createStore, type StoreApi } from "zustand";
import type { ViewOfPlot } from "../scatter/viewpoint";

/** The visible part of a plot. Only the components that show it subscribe: a pan does not render the whole canvas. */
export type Views = StoreApi<{ view: ViewOfPlot | null }>;

export const createViews = (): Views => createStore(() => ({ view: null }));
