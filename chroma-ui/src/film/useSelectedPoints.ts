import { useCallback } from "react";
import { useSelection } from "../state/selection";
import { indicesAt, keysAt } from "./samples";
import type { ShownFrame } from "./useShownFrame";

const NOTHING = new Uint32Array(0);

/** Which points of a film are selected, ascending. */
export function useSelectedPoints(shown: ShownFrame | null): Uint32Array {
  const samples = useSelection((selection) => selection.samples);
  return shown ? indicesAt(shown, samples) : NOTHING;
}

/** Selects points of a film. */
export function useSelectPoints(shown: ShownFrame | null) {
  const select = useSelection((selection) => selection.select);
  return useCallback(
    (indices: Uint32Array, manner: Parameters<typeof select>[1] = "replace") => {
      if (shown) select(keysAt(shown, indices), manner);
    },
    [shown, select],
  );
}
