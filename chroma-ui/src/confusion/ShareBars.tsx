import { percent } from "../lib/format";
import styles from "./confusion.module.css";

type Bar = { key: string; share: number | null; text: string; now: boolean; step: number };

type Props = {
  label: string;
  bars: readonly Bar[];
  /** Goes to a step; null where the frames do not run over steps. */
  onStep: ((step: number) => void) | null;
};

/** Shares through the frames, to the scale of the largest; a click goes to the frame. */
export function ShareBars({ label, bars, onStep }: Props) {
  const most = Math.max(...bars.map(({ share }) => share ?? 0), 1e-9);
  return (
    <div className={styles.history}>
      <ul className={styles.bars} aria-label={`${label} through the frames`} data-testid="confusion-history">
        {bars.map(({ key, share, text, now, step }) => (
          <li key={key}>
            <button
              type="button"
              title={text}
              aria-label={text}
              data-now={now || undefined}
              disabled={onStep === null}
              onClick={() => onStep?.(step)}
            >
              <span style={{ height: `${(100 * (share ?? 0)) / most}%` }} />
            </button>
          </li>
        ))}
      </ul>
      <small>{percent(most)} at the most</small>
    </div>
  );
}
