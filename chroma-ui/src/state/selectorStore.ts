import type { StoreApi } from "zustand";

/**
 * A store that components read by a selector, so that they render only when what they use changes. Only its own
 * actions change it.
 */
export type SelectorStore<T> = (<U>(select: (state: T) => U) => U) &
  Pick<StoreApi<T>, "getState" | "subscribe">;
