import type { Pane } from "../state/panes";
import { useView } from "../state/view";

/** Compares the film with another layer of the run, or with the run's end where it has one layer. */
export function compareFrom(here: Pane, layers: readonly { name: string }[]): void {
  const { compare, setLinked } = useView.getState();
  const other = layers.find(({ name }) => name !== here.layer);
  if (other) {
    compare([here, { ...here, layer: other.name }]);
    return;
  }
  compare([
    { ...here, step: here.step ?? 0 },
    { ...here, step: null },
  ]);
  setLinked("time", false);
}
