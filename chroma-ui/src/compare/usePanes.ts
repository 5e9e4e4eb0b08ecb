import { useMemo } from "react";
import type { Pane } from "../state/panes";
import { useView } from "../state/view";

/** A pane without its camera. */
export type PaneContent = Omit<Pane, "camera">;

/** The panes side by side. The list changes only with its content, so that a camera move renders nothing. */
export function usePanes(): readonly PaneContent[] {
  const content = useView(({ panes }) =>
    JSON.stringify(panes.map(({ run, layer, step, split }) => ({ run, layer, step, split }))),
  );
  return useMemo(() => JSON.parse(content) as PaneContent[], [content]);
}
