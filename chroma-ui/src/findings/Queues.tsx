import type { ProgressFieldsFragment } from "../api/gql/graphql";
import { count } from "../lib/format";
import { Button } from "../ui/Button";
import { Section } from "../ui/controls";
import styles from "./findings.module.css";
import { openReview } from "./openReview";
import { decidedOf } from "./queue";

type Props = {
  queues: readonly ProgressFieldsFragment[];
  /** Splits of which there are snapshots, which the canvas can show. */
  followed: readonly string[];
};

/** The queues of label doubts, each with how far it is. */
export function Queues({ queues, followed }: Props) {
  const largest = [...queues].sort((a, b) => b.doubts - a.doubts);
  return (
    <Section title="Labels to review">
      <ul className={styles.queues}>
        {largest.map((queue, at) => {
          const done = Math.min(decidedOf(queue), queue.doubts);
          return (
            <li key={queue.split}>
              <span>
                <b>{queue.split}</b> {count(done)} of {count(queue.doubts)}
              </span>
              <div className={styles.bar}>
                <span style={{ width: `${(100 * done) / Math.max(1, queue.doubts)}%` }} />
              </div>
              <Button
                look={at === 0 && done < queue.doubts ? "accent" : "plain"}
                disabled={queue.doubts === 0}
                data-testid="review-labels"
                data-split={queue.split}
                onClick={() => openReview(queue.split, followed)}
              >
                Review
              </Button>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
