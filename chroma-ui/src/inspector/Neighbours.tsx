import { decimal, spokenName } from "../lib/format";
import { Section } from "../ui/controls";
import { changeOf } from "./change";
import styles from "./neighbours.module.css";
import { SampleImage } from "./SampleImage";

export type Near = {
  sampleId: string;
  /** Its key in the film; null where the film does not have it. */
  sample: number | null;
  /** In its own split. */
  position: number;
  distance: number;
  label: string | null;
  /** Address of its image. */
  image: string;
};

type Props = {
  /** Of which split they are, where the film shows several. */
  among: string | null;
  split: { hasImages: boolean };
  /** null while unknown. */
  now: readonly Near[] | null;
  /** The neighbours in the previous frame; null where there is none. */
  before: readonly Near[] | null;
  fetching: boolean;
  classColours: Map<string, string>;
  onFocus: (sample: number) => void;
};

const ASKED = 15;

/** The nearest neighbours in the full space at this frame, and the changes since the previous frame. */
export function Neighbours({ now: known, before: past, fetching, ...look }: Props) {
  const now = known ?? [];
  const before = known ? past : null;
  const { gained, lost } = changeOf(before, now);
  return (
    <>
      <Section
        title={look.among === null ? "Nearest neighbours" : `Nearest neighbours in ${look.among}`}
        note={
          before?.length
            ? `full space · ${now.length - gained.size} of ${before.length} kept`
            : `full space · k=${now.length || ASKED}`
        }
      >
        <ul className={styles.neighbours} data-plain={look.split.hasImages ? undefined : true}>
          {now.map((near) => (
            <Neighbour key={near.sampleId} near={near} gained={gained.has(near.sampleId)} {...look} />
          ))}
          {!known && fetching
            ? Array.from({ length: ASKED }, (_, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are all alike
                <li key={i} className={styles.placeholder} />
              ))
            : null}
        </ul>
        {known?.length === 0 ? (
          <p className={styles.none}>It has no vector here, so it has no neighbours.</p>
        ) : null}
      </Section>
      {lost.length ? (
        <Section title="Lost neighbours" note="neighbours in the previous frame">
          <ul
            className={styles.neighbours}
            data-lost
            data-plain={look.split.hasImages ? undefined : true}
            data-testid="neighbours-lost"
          >
            {lost.map((near) => (
              <Neighbour key={near.sampleId} near={near} gained={false} {...look} />
            ))}
          </ul>
        </Section>
      ) : null}
    </>
  );
}

function Neighbour(props: Omit<Props, "now" | "before" | "fetching"> & { near: Near; gained: boolean }) {
  const { near, gained, split, classColours } = props;
  const said = [
    `sample ${near.sampleId}`,
    near.label === null ? "" : `label ${near.label}`,
    `distance ${decimal(near.distance)}`,
    gained ? "new since the frame before" : "",
  ];
  return (
    <li>
      <button
        type="button"
        className={styles.neighbour}
        style={{ borderColor: classColours.get(near.label ?? "") ?? "var(--line-strong)" }}
        title={said.filter(Boolean).join(", ")}
        data-testid="neighbour"
        data-position={near.sample === null ? undefined : near.position}
        data-gained={gained || undefined}
        disabled={near.sample === null}
        onClick={() => near.sample !== null && props.onFocus(near.sample)}
      >
        {split.hasImages ? (
          <SampleImage address={near.image} name={`sample ${near.sampleId}`} />
        ) : (
          <span className={styles.name}>
            {near.sampleId}
            {near.label === null ? "" : ` · ${spokenName(near.label)}`}
          </span>
        )}
        <span className={styles.distance}>{decimal(near.distance, 2)}</span>
        {gained ? <span className={styles.new}>new</span> : null}
      </button>
    </li>
  );
}
