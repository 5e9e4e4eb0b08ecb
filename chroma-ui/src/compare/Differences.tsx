import { useMemo } from "react";
import { useQuery } from "urql";
import { imageAddress } from "../api/bytes";
import { ComparisonDocument } from "../api/gql/graphql";
import { histogram } from "../film/statistics";
import { SampleImage } from "../inspector/SampleImage";
import { Histogram } from "../legend/Histogram";
import { count, decimal, percent } from "../lib/format";
import { useView } from "../state/view";
import { Section } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { Select } from "../ui/Select";
import styles from "./differences.module.css";
import { snapshotKey, useOverlap } from "./kept";
import { laidWords } from "./laid";
import { letterOf } from "./PaneHead";
import { type PaneLive, useCompareStore } from "./store";

type Props = {
  one: PaneLive;
  lives: readonly PaneLive[];
  against: number;
  onAgainst: (pane: number) => void;
};

const BINS = 15;

/** How the neighbours of the same samples differ between two panes, and which differ most. */
export function Differences({ one, lives, against, onAgainst }: Props) {
  const focused = useView((view) => view.sample);
  const playing = useView((view) => view.playing);
  const { focus } = useView.getState();
  const store = useCompareStore();
  const two = lives[against] ?? null;
  const first = snapshotKey(one, one.shown?.frame.step ?? null);
  const second = snapshotKey(two, two?.shown?.frame.step ?? null);
  const ready = `${one.film?.status} ${two?.film?.status}`;
  const snapshotOf = (key: typeof first) =>
    key ? { runId: key.run, layer: key.layer, split: key.split, step: key.step } : null;
  const [{ data, error, fetching, stale }] = useQuery({
    query: ComparisonDocument,
    variables: { first: snapshotOf(first) as never, second: snapshotOf(second) as never },
    pause: first === null || second === null || playing,
    requestPolicy: "cache-and-network",
    context: useMemo(() => ({ additionalTypenames: [ready] }), [ready]),
  });
  const overlap = useOverlap(playing ? null : first, playing ? null : second, ready);
  const counts = useMemo(
    () => (overlap ? histogram(overlap, new Uint8Array(overlap.length).fill(1), 0, 1, BINS) : []),
    [overlap],
  );
  // While another pair of frames is compared, or frames move on, the answer is of those before.
  const found = playing || (fetching && !stale) ? null : (data?.comparison ?? null);
  const prediction = (live: PaneLive | null, number: number): string | null => {
    const column = live?.shown?.prediction;
    const index = live?.sampleNumbers?.indexOf(number) ?? -1;
    return column && index >= 0 ? (column.legend[column.codes[index]] ?? null) : null;
  };
  const hasImages = one.split?.hasImages ?? false;

  return (
    <div className={styles.differences} data-testid="differences">
      <Section
        title="Neighbours kept"
        note={
          lives.length > 2 ? (
            <Select
              label="Compare pane A with"
              value={`${against}`}
              options={lives.slice(1).map((_, at) => ({
                value: `${at + 1}`,
                name: `A and ${letterOf(at + 1)}`,
              }))}
              onChange={(pane) => onAgainst(Number(pane))}
              compact
            />
          ) : (
            `A and ${letterOf(against)}`
          )
        }
      >
        {error ? <p className={styles.waiting}>{error.graphQLErrors[0]?.message ?? error.message}</p> : null}
        {found ? (
          <>
            <p className={styles.kept} data-testid="kept">
              <b>{found.overlap === null ? "–" : percent(found.overlap)}</b>
              <span>
                of their {found.k} nearest neighbours
                {found.chance === null ? null : <> · chance {percent(found.chance)}</>}
              </span>
            </p>
            {found.waiting ? <p className={styles.waiting}>{found.waiting}</p> : null}
            {found.overlap !== null && counts.length ? (
              <Histogram
                counts={counts}
                label="Samples by the share of neighbours kept, square-root scale"
                colourOf={() => "var(--accent)"}
              />
            ) : null}
            <Facts
              facts={[
                ["shared samples", `${count(found.shared)} of ${count(found.of)} / ${count(found.otherOf)}`],
                ["compared", `${count(found.compared)} of ${count(found.shared)}`],
                ...(found.recall === null
                  ? []
                  : ([["graphs' recall", decimal(found.recall)]] as [string, string][])),
              ]}
            />
            {found.labelsDiffer ? (
              <p className={styles.warning}>
                {count(found.labelsDiffer)} of {count(found.shared)} shared ids carry another label on each
                side: they may stand for other samples.
              </p>
            ) : null}
            {found.shared === 0 ? (
              <p className={styles.warning}>No sample has the same id in both: nothing can be compared.</p>
            ) : null}
          </>
        ) : (
          <p className={styles.waiting}>{playing ? "Compared once the films stand still." : "…"}</p>
        )}
      </Section>
      {two?.laidOnto ? (
        <Section title="Laid onto A">
          <p className={styles.laid} data-testid="laid" data-mirrored={two.laidOnto.fit?.similarity.mirrored}>
            {laidWords(two.laidOnto, letterOf(against))}
          </p>
        </Section>
      ) : null}
      {found?.movers.length ? (
        <Section title="Changed most" note={`${count(found.movers.length)} of ${count(found.compared)}`}>
          <ol className={styles.movers} onPointerLeave={() => store.getState().setHover(null)}>
            {found.movers.map((mover) => {
              const [was, is] = [prediction(one, mover.position), prediction(two, mover.position)];
              return (
                <li key={mover.position}>
                  <button
                    type="button"
                    className={styles.mover}
                    aria-pressed={focused === mover.position}
                    data-testid="mover"
                    data-position={mover.position}
                    title={`sample ${mover.sampleId} keeps ${percent(mover.overlap)} of its neighbours`}
                    onClick={() => focus(focused === mover.position ? null : mover.position)}
                    onPointerEnter={() => store.getState().setHover({ pane: null, sample: mover.position })}
                  >
                    {hasImages && one.run && one.split ? (
                      <SampleImage
                        className={styles.moverImage}
                        address={imageAddress(one.run.id, {
                          split: one.split.name,
                          position: mover.position,
                        })}
                        name={`sample ${mover.sampleId}`}
                      />
                    ) : null}
                    <span className={styles.moverName}>
                      <b>{mover.sampleId}</b>
                      <span>
                        {mover.label === null ? "" : `label ${mover.label}`}
                        {was !== null && is !== null ? ` · pred ${was === is ? is : `${was} → ${is}`}` : ""}
                      </span>
                    </span>
                    <span className={styles.moverKept}>{percent(mover.overlap)}</span>
                  </button>
                </li>
              );
            })}
          </ol>
        </Section>
      ) : null}
    </div>
  );
}
