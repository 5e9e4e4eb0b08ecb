/** The points that stand out of the others: of the legend entry that is pointed at, else those that a search finds. */
import { useMemo } from "react";
import { FOUND } from "../state/filters";
import { useHighlight } from "../state/highlight";
import type { Found } from "./found";
import type { Picture } from "./picture";
import type { ShownFrame } from "./useShownFrame";

export function useLit(
  shown: ShownFrame | null,
  picture: Picture | null,
  found: Found | null,
): Uint32Array | null {
  const category = useHighlight((highlight) => highlight.category);
  return useMemo(() => {
    if (!picture) return null;
    const entry = category === null ? undefined : picture.legend?.find(({ name }) => name === category);
    if (entry) return picture.scene.drawn.filter((i) => picture.scene.codes[i] === entry.code);
    // Where colours say what is found, nothing needs dimming.
    return shown?.colourName === FOUND ? null : (found?.points ?? null);
  }, [category, shown, picture, found]);
}
