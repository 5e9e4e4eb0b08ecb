import { imageAddress } from "../api/bytes";
import { ClassChip } from "../inspector/ClassChip";
import { Neighbours } from "../inspector/Neighbours";
import { SampleImage } from "../inspector/SampleImage";
import { chance, percent } from "../lib/format";
import { useView } from "../state/view";
import { Facts } from "../ui/Facts";
import type { PanelProps } from "../workspace/panelProps";
import { DoubtLines } from "./DoubtLines";
import type { Doubt } from "./queue";
import styles from "./review.module.css";

type Props = Omit<PanelProps, "split"> & {
  row: Doubt;
  /** Its place in the queue. */
  place: string;
  split: string;
  /** Its key in the film; null where the film does not show it. */
  sample: number | null;
  colours: Map<string, string>;
  /** Whether the canvas shows the split of the queue. */
  followed: boolean;
};

/** What speaks for the given label of a sample, and for the suggested one. */
export function DoubtView({ run, row, place, split, sample, colours, followed, focus }: Props) {
  const { position, given, suggested } = row;
  const facts: [string, string][] = [];
  if (row.epochsWrong !== null && row.epochsSeen !== null)
    facts.push(["predicted otherwise", `${row.epochsWrong} of ${row.epochsSeen} epochs`]);
  if (row.firstLearned !== null) facts.push(["first learned", `epoch ${row.firstLearned}`]);
  if (row.timesForgotten !== null) facts.push(["forgotten", `${row.timesForgotten} times`]);
  if (row.agreement !== null) facts.push(["kNN agreement, k = 50", percent(row.agreement)]);
  const near = followed && position !== null && focus.key === sample;
  return (
    <section className={styles.doubt} aria-label={`Sample ${row.sampleId}`}>
      <div className={styles.head}>
        {row.hasImage && position !== null ? (
          <SampleImage
            className={styles.image}
            address={imageAddress(run.id, { split, position })}
            name={`sample ${row.sampleId}`}
          />
        ) : null}
        <div className={styles.about}>
          <p className={styles.id} data-testid="review-sample" data-id={row.sampleId} data-given={given}>
            <b>sample {row.sampleId}</b> <span>{place}</span>
          </p>
          <p className={styles.chips}>
            <ClassChip kind="label" name={given} colour={colours.get(given)} />
            <span aria-hidden="true">→</span>
            <ClassChip kind="suggested" name={suggested} colour={colours.get(suggested)} />
          </p>
          {row.probability === null ? null : (
            <p className={styles.chance} data-testid="review-suggested" data-name={suggested}>
              {chance(row.probability)} for {suggested}
            </p>
          )}
        </div>
      </div>
      {row.text ? <p className={styles.text}>{row.text}</p> : null}
      {row.unseen ? <p className={styles.note}>{row.unseen}</p> : null}
      <DoubtLines row={row} colours={colours} />
      <Facts facts={facts} />
      {near ? (
        <Neighbours
          among={null}
          split={{ hasImages: row.hasImage }}
          now={focus.now}
          before={null}
          fetching={focus.fetching}
          classColours={colours}
          onFocus={useView.getState().focus}
        />
      ) : null}
    </section>
  );
}
