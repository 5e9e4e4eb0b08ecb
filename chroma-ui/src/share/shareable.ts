/** Pure: what a link can show of a view, for it shows one run alone. */
import { type View, writeView } from "../state/url";

/** The search part of the view's address with this run alone, and what of the view is left out. */
export function shareable(view: View, run: string): { search: string; left: string | null } {
  const panes = view.panes.filter((pane) => pane.run === run);
  const others = view.panes.length - panes.length;
  const overRuns = view.over === "runs";
  // A single pane is the film itself.
  const alone = others > 0 && panes.length === 1 ? panes[0] : null;
  const shown: View = {
    ...view,
    home: false,
    run,
    panes: alone ? [] : panes,
    ...(alone ? { layer: alone.layer, step: alone.step, split: alone.split ?? view.split } : {}),
    ...(overRuns ? { over: "epochs", mates: [], at: null } : {}),
  };
  return {
    search: writeView(shown),
    left:
      others > 0
        ? `A link shows one run: ${others === 1 ? "one pane" : `${others} panes`} of other runs will not be there.`
        : overRuns
          ? "A link shows one run: its own epochs take the place of the film over runs."
          : null,
  };
}
