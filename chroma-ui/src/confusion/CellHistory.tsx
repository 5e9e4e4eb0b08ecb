import type { Film, Frame } from "../api/bytes";
import { spoken } from "../film/frameNames";
import { count, percent } from "../lib/format";
import { Section } from "../ui/controls";
import styles from "./confusion.module.css";
import { countIn, type Matrix, totalsOf } from "./matrix";
import { ShareBars } from "./ShareBars";
import type { FrameMatrix } from "./useMatrices";

type Props = {
  film: Film;
  frame: Frame;
  /** Label and prediction. */
  names: readonly [string, string];
  matrix: Matrix;
  matrices: readonly FrameMatrix[];
  onStep: ((step: number) => void) | null;
};

/** One cell of the matrix through the frames. */
export function CellHistory({ film, frame, names, matrix, matrices, onStep }: Props) {
  const [i, j] = names.map((name) => matrix.names.indexOf(name));
  const cellOf = (of: Matrix) => {
    const total = totalsOf(of).labels[i];
    return { n: countIn(of, i, j), total, share: total ? countIn(of, i, j) / total : null };
  };
  const now = cellOf(matrix);
  return (
    <Section title={`Label ${names[0]}, predicted ${names[1]}`}>
      <p className={styles.figure} data-testid="confusion-chosen">
        <b>
          {count(now.n)} of {count(now.total)}
        </b>
        {now.share === null ? null : <> ({percent(now.share)})</>} at {spoken(frame, film.axis)}
      </p>
      {matrices.length > 1 ? (
        <ShareBars
          label={`Label ${names[0]}, predicted ${names[1]}`}
          bars={matrices.map((each) => {
            const cell = cellOf(each.matrix);
            return {
              key: `${each.frame.runId} ${each.frame.layer} ${each.frame.step}`,
              share: cell.share,
              text: `${spoken(each.frame, film.axis)}: ${count(cell.n)} of ${count(cell.total)}`,
              now: each.frame.digest === frame.digest,
              step: each.frame.step,
            };
          })}
          onStep={onStep}
        />
      ) : null}
      {matrices.length && matrices.length < (film.revision?.frames.length ?? 0) ? (
        <p className={styles.note}>
          {matrices.length} of {film.revision?.frames.length} frames are counted.
        </p>
      ) : null}
    </Section>
  );
}
