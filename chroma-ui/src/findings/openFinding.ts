import { openView } from "../state/history";
import { addressedView, useView } from "../state/view";

/** Restores the view that shows a finding or an event, as a new history entry; this person's appearance and layout stay. */
export function openFinding(address: string, key: string | null): void {
  const query = new URLSearchParams(address);
  const { appearance, layout, method, panes } = useView.getState();
  const view = addressedView(address);
  openView({
    ...view,
    appearance,
    layout,
    // Other methods show the same samples; of logged coordinates there may be none elsewhere.
    method: query.has("method") || panes.length || method === "logged" ? view.method : method,
    opened: ["findings"],
    finding: key,
  });
}
