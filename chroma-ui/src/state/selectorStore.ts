import type { StoreApi } from "zustand";

/**
 * A store that components read through a selector, so that they render again only when what they use changes.
 * It is changed by its own actions alone.
 */
export type SelectorStore<T> = (<U>(select: (state: T) => U) => U) &
  Pick<StoreApi<T>, "getState" | "subscribe">;
