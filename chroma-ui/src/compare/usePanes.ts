import { useMemo } from "react";
import type { Pane } from "../state/panes";
import { useView } from "../state/view";

/** What a pane shows, wherever its camera is. */
export type PaneContent = Omit<Pane, "camera">;

/** What stands side by side. The list is a new one only where its content changes: panning renders nothing. */
export function usePanes(): readonly PaneContent[] {
  const content = useView(({ panes }) =>
    JSON.stringify(panes.map(({ run, layer, step }) => ({ run, layer, step }))),
  );
  return useMemo(() => JSON.parse(content) as PaneContent[], [content]);
}
