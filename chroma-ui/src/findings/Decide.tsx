import { Button } from "../ui/Button";
import { type Doubt, wordsOf } from "./queue";
import styles from "./review.module.css";

type Props = {
  row: Doubt;
  canUndo: boolean;
  onConfirm: () => void;
  onRelabel: () => void;
  onSkip: () => void;
  onUndo: () => void;
  onChoose: () => void;
};

/** The buttons of the review, each with its key. */
export function Decide({ row, canUndo, onConfirm, onRelabel, onSkip, onUndo, onChoose }: Props) {
  const words = wordsOf(row);
  return (
    <div className={styles.decide}>
      {words ? (
        <p className={styles.decided} data-testid="review-decided">
          {words}
        </p>
      ) : null}
      <Button look="accent" onClick={onRelabel} title="Give it the suggested label">
        It is {row.suggested} <kbd>R</kbd>
      </Button>
      <Button onClick={onConfirm} title="The given label is right">
        {row.given} is right <kbd>C</kbd>
      </Button>
      <Button onClick={onChoose} title="Another class; the first ten have their number as a key">
        Another <kbd>M</kbd>
      </Button>
      <Button look="quiet" onClick={onSkip} title="Not to be decided">
        Skip <kbd>S</kbd>
      </Button>
      <Button look="quiet" onClick={onUndo} disabled={!canUndo} title="Takes the last decision away">
        Undo <kbd>U</kbd>
      </Button>
    </div>
  );
}
