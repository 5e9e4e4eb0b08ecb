import type { OrbitState } from "../film/useOrbit";
import { percent } from "../lib/format";
import { useView } from "../state/view";
import styles from "./canvas.module.css";

function stateOf(method: string, { early, space, drawing, problem }: OrbitState): string {
  const name = `${method.toUpperCase()} in 3-D`;
  if (problem) return `${name} was not drawn: ${problem}`;
  if (space) return `${name} · drag to turn`;
  if (early) return `${name} follows once this film is drawn`;
  const share = drawing?.progress ? ` · ${percent(drawing.progress)}` : "";
  return `${drawing?.message || `${name}: waiting for its turn`}${share}`;
}

/** Says that the frame is shown, or being drawn, in three dimensions, and leads back to two. */
export function OrbitChip({ orbit }: { orbit: OrbitState }) {
  if (orbit.method === null) return null;
  return (
    <p className={styles.orbit} role={orbit.problem ? "alert" : "status"} data-testid="orbit">
      <span>{stateOf(orbit.method, orbit)}</span>
      <button type="button" data-testid="orbit-back" onClick={() => useView.getState().setOrbit(null)}>
        Back to 2-D
      </button>
    </p>
  );
}
