import type { Film } from "../api/bytes";
import { count } from "../lib/format";
import { useView } from "../state/view";
import { Cross } from "../ui/icons";
import styles from "./canvas.module.css";

/** Shown over the canvas of a film of some samples: how many of how many, and a button to show all. */
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
        <span>only the selected samples</span>
      )}
      <button type="button" onClick={() => showOnly(null)} data-testid="show-all">
        Show all <Cross size={11} />
      </button>
    </p>
  );
}
