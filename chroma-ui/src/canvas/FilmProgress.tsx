import type { Film } from "../api/bytes";
import styles from "./canvas.module.css";
import { WaitsFor } from "./WaitsFor";

/** Shown over the canvas while the server computes the film. */
export function FilmProgress(props: { film: Film | null; onStop?: () => void; onRequest: () => void }) {
  const { film } = props;
  if (film?.status === "CANCELLED") {
    return (
      <div className={styles.progress} data-testid="film-cancelled" role="status">
        <p>Stopped. The frames computed so far stay.</p>
        <button type="button" className={styles.stop} onClick={props.onRequest} data-testid="continue-film">
          Continue
        </button>
      </div>
    );
  }
  if (film && film.status !== "PENDING" && film.status !== "RUNNING") return null;
  const share = film?.progress ?? 0;
  const text = film?.message || (film?.status === "RUNNING" ? "Computing the film" : "Waiting for the film");
  return (
    <div className={styles.progress} data-testid="film-progress" role="status">
      {film?.waiting ? (
        <WaitsFor waiting={film.waiting} filmId={film.id} />
      ) : (
        <p>
          {text}
          {share > 0 ? ` · ${Math.round(share * 100)}%` : ""}
        </p>
      )}
      {film?.parked ? (
        <p>
          Other films go first.{" "}
          <button type="button" className={styles.stop} onClick={props.onRequest} data-testid="unpark-film">
            Do not wait
          </button>
        </p>
      ) : null}
      <div className={share > 0 ? styles.meter : styles.meterOpen}>
        <span style={share > 0 ? { width: `${share * 100}%` } : undefined} />
      </div>
      {film && props.onStop ? (
        <button type="button" className={styles.stop} onClick={props.onStop} data-testid="film-stop">
          Stop
        </button>
      ) : null}
    </div>
  );
}
