import { useState } from "react";
import { useQuery } from "urql";
import { imageAddress } from "../api/bytes";
import { type Outcome, OutcomeSamplesDocument } from "../api/gql/graphql";
import { SampleImage } from "../inspector/SampleImage";
import { count } from "../lib/format";
import { useView } from "../state/view";
import { Button } from "../ui/Button";
import styles from "./outcomes.module.css";

type Props = {
  /** Ids of the runs, and the split. */
  of: { first: string; second: string; split: string };
  outcome: Outcome;
  n: number;
};

const PAGE = 24;

/** The samples of one outcome, with their labels, page by page; a click focuses one in all panes. */
export function OutcomeList({ of, outcome, n }: Props) {
  const [after, setAfter] = useState(0);
  const focused = useView((view) => view.sample);
  const [{ data }] = useQuery({
    query: OutcomeSamplesDocument,
    variables: { ...of, outcome, after, many: PAGE },
  });
  const samples = data?.outcomes.samples ?? [];
  return (
    <>
      <ul className={styles.samples} data-testid="outcome-samples">
        {samples.map(({ sampleId, position, label, text, hasImage }) => (
          <li key={sampleId}>
            <button
              type="button"
              aria-pressed={position !== null && focused === position}
              disabled={position === null}
              title={`sample ${sampleId}${label === null ? "" : `, label ${label}`}`}
              data-testid="outcome-sample"
              data-position={position ?? undefined}
              onClick={() => position !== null && useView.getState().focus(position, true)}
            >
              {hasImage && position !== null ? (
                <SampleImage
                  address={imageAddress(of.first, { split: of.split, position })}
                  name={`sample ${sampleId}`}
                />
              ) : (
                <span>{text ?? sampleId}</span>
              )}
              <small>{label ?? "–"}</small>
            </button>
          </li>
        ))}
      </ul>
      {n > PAGE ? (
        <p className={styles.pages}>
          <Button look="quiet" disabled={after === 0} onClick={() => setAfter(Math.max(0, after - PAGE))}>
            Back
          </Button>
          <span>
            {count(after + 1)}–{count(Math.min(n, after + PAGE))} of {count(n)}
          </span>
          <Button look="quiet" disabled={after + PAGE >= n} onClick={() => setAfter(after + PAGE)}>
            More
          </Button>
        </p>
      ) : null}
    </>
  );
}
