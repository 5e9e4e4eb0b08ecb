import type { Film } from "../api/bytes";
import { count } from "../lib/format";
import { useView } from "../state/view";
import { Cross } from "../ui/icons";
import styles from "./canvas.module.css";

/** Over the canvas while only picked samples are shown: how many of how many, and the way back. */
export function OnlyChip({ film }: { film: Film | null }) {
  const only = useView((view) => view.only);
  const { showOnly } = useView.getState();
  if (only === null) return null;
  return (
    <p className={styles.only} data-testid="only-chip">
      {film?.subset && film.n > 0 ? (
        <span>
          only <b>{count(film.n)}</b> of {count(film.followed)} samples
        </span>
      ) : (
        <span>only the picked samples</span>
      )}
      <button type="button" onClick={() => showOnly(null)} data-testid="show-all">
        Show all <Cross size={11} />
      </button>
    </p>
  );
}
