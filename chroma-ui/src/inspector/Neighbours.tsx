import { imageAddress } from "../api/bytes";
import { decimal } from "../lib/format";
import { Section } from "../ui/controls";
import { changeOf } from "./change";
import styles from "./neighbours.module.css";
import { SampleImage } from "./SampleImage";
import type { SampleDetail } from "./useSample";

type Near = SampleDetail["neighbors"][number];

type Props = {
  runId: string;
  split: { name: string; hasImages: boolean };
  sample: SampleDetail | null;
  fetching: boolean;
  classColours: Map<string, string>;
  onFocus: (position: number) => void;
};

const ASKED = 15;

/** The nearest neighbours in the full space at this frame, and who came and went since the frame before. */
export function Neighbours({ sample, fetching, ...look }: Props) {
  const now = sample?.neighbors ?? [];
  const before = sample?.before ?? null;
  const { gained, lost } = changeOf(before, now);
  return (
    <>
      <Section
        title="Nearest neighbours"
        note={
          before?.length
            ? `full space · ${now.length - gained.size} of ${before.length} kept`
            : `full space · k=${now.length || ASKED}`
        }
      >
        <ul className={styles.neighbours} data-plain={look.split.hasImages ? undefined : true}>
          {now.map((near) => (
            <Neighbour key={near.position} near={near} gained={gained.has(near.position)} {...look} />
          ))}
          {!sample && fetching
            ? Array.from({ length: ASKED }, (_, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are all alike
                <li key={i} className={styles.placeholder} />
              ))
            : null}
        </ul>
        {sample && now.length === 0 ? (
          <p className={styles.none}>It has no vector here, so it has no neighbours.</p>
        ) : null}
      </Section>
      {lost.length ? (
        <Section title="Lost neighbours" note="near it in the frame before">
          <ul
            className={styles.neighbours}
            data-lost
            data-plain={look.split.hasImages ? undefined : true}
            data-testid="neighbours-lost"
          >
            {lost.map((near) => (
              <Neighbour key={near.position} near={near} gained={false} {...look} />
            ))}
          </ul>
        </Section>
      ) : null}
    </>
  );
}

function Neighbour(props: Omit<Props, "sample" | "fetching"> & { near: Near; gained: boolean }) {
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
        data-position={near.position}
        data-gained={gained || undefined}
        onClick={() => props.onFocus(near.position)}
      >
        {split.hasImages ? (
          <SampleImage
            address={imageAddress(props.runId, split.name, near.position)}
            name={`sample ${near.sampleId}`}
          />
        ) : (
          <span className={styles.name}>
            {near.sampleId}
            {near.label === null ? "" : ` · ${near.label}`}
          </span>
        )}
        <span className={styles.distance}>{decimal(near.distance, 2)}</span>
        {gained ? <span className={styles.new}>new</span> : null}
      </button>
    </li>
  );
}
