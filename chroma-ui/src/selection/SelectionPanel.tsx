import { useMemo } from "react";
import { useSelectedPoints } from "../film/useSelectedPoints";
import type { ShownFrame } from "../film/useShownFrame";
import { count, decimal, percent } from "../lib/format";
import { Section } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { Cross, Lasso } from "../ui/icons";
import { useTagging } from "./act";
import { compareShares, meanOf, type Share, shareOf } from "./compare";
import { SortedGallery } from "./SortedGallery";
import { Standouts } from "./Standouts";
import styles from "./selection.module.css";
import { useColumns } from "./useColumns";

export type SelectionPanelProps = {
  shown: ShownFrame;
  split: { hasImages: boolean };
  wrong: Uint8Array | null;
  classColours: Map<string, string>;
  focused: number | null;
  onFocus: (sample: number) => void;
};

/** Categories listed; the rest is summed up. */
const MOST_SHARES = 6;

export default function SelectionPanel(props: SelectionPanelProps) {
  const indices = useSelectedPoints(props.shown);
  if (indices.length === 0) {
    return (
      <div className={styles.hint}>
        <Lasso size={26} />
        <p>Choose the lasso or the box, or hold shift, and draw around points.</p>
      </div>
    );
  }
  return <Selected {...props} indices={indices} />;
}

function Selected(props: SelectionPanelProps & { indices: Uint32Array }) {
  const { shown, wrong, classColours, indices } = props;
  const { label, prediction, confidence, points } = shown;
  const whole = useMemo(() => Uint32Array.from(points.present.keys()), [points]);

  return (
    <div className={styles.panel}>
      <Facts
        facts={[
          ["selected", `${count(indices.length)} of ${count(points.n)}`],
          ...(wrong
            ? [
                [
                  "wrong",
                  `${percent(shareOf(wrong, indices))} · all ${percent(shareOf(wrong, whole))}`,
                ] as const,
              ]
            : []),
          ...(confidence
            ? [
                [
                  "mean confidence",
                  `${decimal(meanOf(confidence, indices))} · all ${decimal(meanOf(confidence, whole))}`,
                ] as const,
              ]
            : []),
        ]}
      />
      {label ? (
        <Shares
          title="Labels"
          shares={compareShares(label, points.present, indices)}
          colours={classColours}
        />
      ) : null}
      {prediction ? (
        <Shares
          title="Predictions"
          shares={compareShares(prediction, points.present, indices)}
          colours={classColours}
        />
      ) : null}
      <Standouts shown={shown} indices={indices} />
      <Tags {...props} />
      <SortedGallery {...props} />
    </div>
  );
}

function Shares(props: { title: string; shares: Share[]; colours: Map<string, string> }) {
  const { shares } = props;
  const rest = shares.slice(MOST_SHARES);
  return (
    <Section title={props.title} note="share · against all">
      <ul className={styles.shares} data-testid={`shares-${props.title.toLowerCase()}`}>
        {shares.slice(0, MOST_SHARES).map(({ name, count: n, of, inside, lift }) => (
          <li key={name} title={`${count(n)} of the ${count(of)} points of ${name} are selected`}>
            <span className={styles.shareName}>{name}</span>
            <span className={styles.meter}>
              <span
                style={{ width: percent(inside), background: props.colours.get(name) ?? "var(--accent)" }}
              />
            </span>
            <span>{percent(inside)}</span>
            <b data-high={lift >= 1.5 || undefined}>{lift.toFixed(1)}×</b>
          </li>
        ))}
      </ul>
      {rest.length ? (
        <p className={styles.rest}>
          and {rest.length} more, {count(rest.reduce((sum, share) => sum + share.count, 0))} samples
        </p>
      ) : null}
    </Section>
  );
}

/** The tags of the selected samples; each can be removed. */
function Tags({ shown, indices }: SelectionPanelProps & { indices: Uint32Array }) {
  const tagging = useTagging(shown);
  const { columns } = shown.film;
  const tags = useMemo(() => columns.filter((column) => column.name.startsWith("tag:")), [columns]);
  const marked = useColumns(shown, tags);
  const carried = [...(marked ?? [])].flatMap(([name, values]) => {
    const n = values.kind === "categorical" ? indices.filter((i) => values.codes[i] === 1).length : 0;
    return n ? [{ tag: name.slice(4), n }] : [];
  });
  if (carried.length === 0) return null;
  return (
    <Section title="Tags">
      <p className={styles.tags}>
        {carried.map(({ tag, n }) => (
          <span key={tag} className={styles.tag} data-testid="selection-tag">
            {tag} <b>{count(n)}</b>
            <button
              type="button"
              aria-label={`Take the tag ${tag} off`}
              onClick={() => void tagging("untag", tag, indices)}
            >
              <Cross size={10} />
            </button>
          </span>
        ))}
      </p>
    </Section>
  );
}
