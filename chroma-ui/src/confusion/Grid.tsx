import { type KeyboardEvent, useRef, useState } from "react";
import { count, percent } from "../lib/format";
import styles from "./confusion.module.css";
import { countIn, type Matrix, type Norm, tellingNames, totalsOf } from "./matrix";

/** A cell: numbers of the classes of label and prediction. */
export type Cell = { label: number; prediction: number };

type Props = {
  matrix: Matrix;
  /** The classes shown. */
  shown: readonly number[];
  norm: Norm;
  chosen: Cell | null;
  colours: ReadonlyMap<string, string>;
  /** Selects the samples of a cell; `add` to those that are selected. */
  onChoose: (cell: Cell, add: boolean) => void;
};

/** Numbers of more classes than this would not fit. */
const MOST_NUMBERS = 12;

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** Label by prediction; arrow keys go from cell to cell. */
export function Grid({ matrix, shown, norm, chosen, colours, onChoose }: Props) {
  const grid = useRef<HTMLTableElement>(null);
  const [at, setAt] = useState<readonly [number, number]>([0, 0]);
  const { labels, predictions } = totalsOf(matrix);
  const names = tellingNames(matrix.names);
  const shareOf = (i: number, j: number) => {
    const of = norm === "label" ? labels[i] : norm === "prediction" ? predictions[j] : matrix.known;
    return of ? countIn(matrix, i, j) / of : 0;
  };
  const wrong = shown.flatMap((i) => shown.filter((j) => j !== i).map((j) => shareOf(i, j)));
  const most = Math.max(...wrong, 1e-9);
  const onKeyDown = (event: KeyboardEvent) => {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    const within = (place: number) => Math.min(shown.length - 1, Math.max(0, place));
    const next = [within(at[0] + move[0]), within(at[1] + move[1])] as const;
    setAt(next);
    grid.current?.querySelector<HTMLButtonElement>(`[data-at="${next.join()}"]`)?.focus();
  };
  return (
    <table
      ref={grid}
      className={styles.grid}
      aria-label="Label by prediction"
      data-testid="confusion-grid"
      onKeyDown={onKeyDown}
    >
      <thead>
        <tr>
          <th aria-label="Label" />
          {shown.map((j) => (
            <th key={j} scope="col" title={`predicted ${matrix.names[j]}`}>
              <span className={styles.head} style={{ borderColor: colours.get(matrix.names[j]) }}>
                {names[j]}
              </span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {shown.map((i, row) => (
          <tr key={i}>
            <th scope="row" title={`label ${matrix.names[i]}`}>
              <span className={styles.side} style={{ borderColor: colours.get(matrix.names[i]) }}>
                {names[i]}
              </span>
            </th>
            {shown.map((j, column) => {
              const n = countIn(matrix, i, j);
              const share = shareOf(i, j);
              const strength = i === j ? share / Math.max(share, norm === "count" ? 0.2 : 1) : share / most;
              const text = n === 0 ? "" : norm === "count" ? count(n) : percent(share).replace("%", "");
              return (
                <td key={j}>
                  <button
                    type="button"
                    className={styles.cell}
                    data-right={i === j || undefined}
                    aria-pressed={chosen?.label === i && chosen.prediction === j}
                    data-at={`${row},${column}`}
                    data-testid="confusion-cell"
                    data-label={matrix.names[i]}
                    data-prediction={matrix.names[j]}
                    style={{ "--strength": `${n === 0 ? 0 : Math.round(6 + 40 * strength)}%` } as object}
                    tabIndex={row === at[0] && column === at[1] ? 0 : -1}
                    aria-label={`label ${matrix.names[i]}, predicted ${matrix.names[j]}: ${count(n)} of ${count(labels[i])}`}
                    title={`label ${matrix.names[i]}, predicted ${matrix.names[j]}: ${count(n)} of ${count(labels[i])}`}
                    onFocus={() => setAt([row, column])}
                    onClick={(event) => onChoose({ label: i, prediction: j }, event.shiftKey)}
                  >
                    {shown.length <= MOST_NUMBERS ? text : ""}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
