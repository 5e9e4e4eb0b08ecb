import { useMemo, useState } from "react";
import { useQuery } from "urql";
import { imageAddress } from "../api/bytes";
import { FindingSamplesDocument, type FoundSampleFieldsFragment } from "../api/gql/graphql";
import { SampleImage } from "../inspector/SampleImage";
import { count, decimal } from "../lib/format";
import type { RunDetail } from "../runs/run";
import { splitsOf } from "../runs/splits";
import { keyOf } from "../state/sampleKey";
import { useView } from "../state/view";
import { Button } from "../ui/Button";
import styles from "./findings.module.css";

type Sample = FoundSampleFieldsFragment;

const wordsOf = ({ sampleId, split, label, score }: Sample): string =>
  [
    `sample ${sampleId} of ${split}`,
    label === null ? "" : `label ${label}`,
    score === null ? "" : `score ${decimal(score)}`,
  ]
    .filter(Boolean)
    .join(", ");

const AT_FIRST = 18;
/** The server gives no more at once. */
const MOST = 200;

/** The samples behind a finding, strongest first; pairs stand together. */
export function FoundSamples({ run, findingKey, n }: { run: RunDetail; findingKey: string; n: number }) {
  const runId = run.id;
  const [first, setFirst] = useState(AT_FIRST);
  const split = useView((view) => view.split);
  const here = useMemo(() => (split === null ? [] : splitsOf(run, split)), [run, split]);
  const [{ data, fetching }] = useQuery({ query: FindingSamplesDocument, variables: { id: runId, first } });
  const samples = data?.run?.findings.found.find(({ key }) => key === findingKey)?.samples ?? [];
  if (samples.length === 0) return null;
  const tile = (sample: Sample) => (
    <Tile key={`${sample.split} ${sample.sampleId}`} runId={runId} sample={sample} here={here} />
  );
  return (
    <>
      <ul className={styles.samples} data-testid="finding-samples">
        {samples.map((sample) => (
          <li
            key={`${sample.sampleId} ${sample.other?.sampleId}`}
            data-pair={sample.other ? true : undefined}
          >
            {tile(sample)}
            {sample.other ? tile(sample.other) : null}
          </li>
        ))}
      </ul>
      {n > samples.length && first < MOST ? (
        <Button data-testid="more-found" disabled={fetching} onClick={() => setFirst(MOST)}>
          Show {n > MOST ? `the first ${count(MOST)}` : `all ${count(n)}`}
        </Button>
      ) : null}
      {n > samples.length ? (
        <p className={styles.method}>
          {count(samples.length)} of {count(n)} shown; all that are followed are selected on the canvas.
        </p>
      ) : null}
    </>
  );
}

function Tile({ runId, sample, here }: { runId: string; sample: Sample; here: readonly string[] }) {
  const { split, sampleId, position, label, text, hasImage } = sample;
  const words = wordsOf(sample);
  const elsewhere = !here.includes(split);
  const open = (at: number) => {
    const { openSplit, focus } = useView.getState();
    if (elsewhere) openSplit(split);
    focus(keyOf(elsewhere ? [split] : here, { split, position: at }));
  };
  return (
    <button
      type="button"
      className={styles.tile}
      title={
        position === null
          ? `${words}: not followed, so nothing else is known of it`
          : elsewhere
            ? `${words}: opens ${split}`
            : words
      }
      disabled={position === null}
      data-testid="found-sample"
      data-position={position ?? undefined}
      data-split={split}
      onClick={() => position !== null && open(position)}
    >
      {hasImage && position !== null ? (
        <SampleImage address={imageAddress(runId, { split, position })} name={`sample ${sampleId}`} />
      ) : (
        <span className={styles.words}>{text ?? sampleId}</span>
      )}
      <small>{label ?? "–"}</small>
    </button>
  );
}
