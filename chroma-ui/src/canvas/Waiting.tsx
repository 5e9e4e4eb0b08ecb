import type { Frame } from "../api/bytes";
import { spoken } from "../film/frameNames";
import type { ShownFrame } from "../film/useShownFrame";
import styles from "./canvas.module.css";

type Props = {
  shown: ShownFrame | null;
  /** The frame that the timeline names. */
  wanted: Frame | null;
  /** Split and layer of the film that is named; null while there is none. */
  film: { split: string; layer: string } | null;
};

const sameMoment = (one: Frame, other: Frame): boolean =>
  one.step === other.step && one.layer === other.layer && one.runId === other.runId;

/** Says what the canvas waits for: a film, or the frame named while points of another are still shown. */
export function Waiting({ shown, wanted, film }: Props) {
  if (film && !shown) {
    return (
      <p className={styles.waiting} role="status" data-testid="waiting">
        Waiting for {film.split}
        <span>{film.layer}</span>
      </p>
    );
  }
  if (!shown || !wanted || sameMoment(shown.frame, wanted)) return null;
  const { axis } = shown.film;
  return (
    <p className={styles.late} role="status" data-testid="waiting-frame">
      Waiting for {spoken(wanted, axis)}; the points are of {spoken(shown.frame, axis)}
    </p>
  );
}
