import { createStore, type StoreApi } from "zustand";
import type { ViewOfPlot } from "../scatter/viewpoint";

/** Where a plot is looked at from. Only the parts that show it subscribe: a pan does not render the whole canvas. */
export type Views = StoreApi<{ view: ViewOfPlot | null }>;

export const createViews = (): Views => createStore(() => ({ view: null }));
