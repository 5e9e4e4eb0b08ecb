import { imageAddress } from "../api/bytes";
import { ClassChip } from "../inspector/ClassChip";
import { changeOf } from "../inspector/change";
import { SampleImage } from "../inspector/SampleImage";
import type { Neighbor } from "../inspector/useSample";
import { count, decimal } from "../lib/format";
import { useView } from "../state/view";
import { IconButton } from "../ui/Button";
import { Section } from "../ui/controls";
import { Cross } from "../ui/icons";
import styles from "./focus.module.css";
import { letterOf } from "./PaneHead";
import paneStyles from "./pane.module.css";
import type { PaneLive } from "./store";

/** The sample in focus in each pane: its prediction and its neighbours there. */
export function FocusCard({ lives }: { lives: readonly PaneLive[] }) {
  const focused = useView((view) => view.sample);
  const { focus } = useView.getState();
  if (focused === null) return null;
  const holder = lives.find((live) => live.sample);
  const sample = holder?.sample ?? null;
  const numberOf = (live: PaneLive, position: number) => live.sampleNumbers?.numberAt(position) ?? -1;
  const near = lives.map(
    (live) => new Set(live.sample?.neighbors?.map(({ position }) => numberOf(live, position)) ?? []),
  );
  const everywhere = (number: number) => near.filter((set) => set.size > 0).every((set) => set.has(number));
  const first = lives[0]?.sample?.neighbors ?? null;
  const changes = lives.map(({ sample }) => changeOf(first, sample?.neighbors ?? []));
  const hasImages = holder?.split?.hasImages ?? false;
  return (
    <Section
      title="In focus"
      note={
        <IconButton label="Clear the focus" hint="esc" onClick={() => focus(null)}>
          <Cross size={13} />
        </IconButton>
      }
    >
      <div className={styles.focus} data-testid="focus-card">
        <header>
          {hasImages && sample && holder?.run && holder.split ? (
            <SampleImage
              className={styles.portrait}
              address={imageAddress(holder.run.id, {
                split: holder.split.name,
                position: sample.position,
              })}
              name={`sample ${sample.id}`}
            />
          ) : null}
          <div>
            <h3 data-testid="sample-id">{sample ? `sample ${sample.id}` : "…"}</h3>
            {sample?.label ? (
              <ClassChip
                kind="label"
                name={sample.label}
                colour={holder?.picture?.classColours.get(sample.label)}
              />
            ) : null}
          </div>
        </header>
        {sample?.text ? <p className={styles.text}>{sample.text}</p> : null}
        {lives.map((live, pane) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: panes are known by their place
          <div key={pane} className={styles.known} data-testid="focus-in-pane">
            <p>
              <span className={paneStyles.letter}>{letterOf(pane)}</span>
              {live.sample ? (
                <>
                  {live.sample.prediction === null ? null : (
                    <ClassChip
                      kind="pred"
                      name={live.sample.prediction}
                      colour={live.picture?.classColours.get(live.sample.prediction)}
                    />
                  )}
                  {live.sample.label !== null && live.sample.label !== sample?.label ? (
                    <ClassChip
                      kind="label"
                      name={live.sample.label}
                      colour={live.picture?.classColours.get(live.sample.label)}
                    />
                  ) : null}
                  <span>confidence {live.sample.pending ? "…" : decimal(live.sample.confidence, 2)}</span>
                </>
              ) : (
                <span>not in this film</span>
              )}
            </p>
            <NearList
              live={live}
              neighbours={live.sample?.neighbors ?? []}
              marks={(near) => ({
                kept: everywhere(numberOf(live, near.position)),
                gained: pane > 0 && changes[pane].gained.has(near.sampleId),
              })}
            />
            {pane > 0 && live.sample?.neighbors && first ? (
              <p data-testid="focus-change">
                {count(live.sample.neighbors.length - changes[pane].gained.size)} of A's kept ·{" "}
                {count(changes[pane].gained.size)} gained · {count(changes[pane].lost.length)} lost
              </p>
            ) : null}
            {pane > 0 && changes[pane].lost.length ? (
              <NearList live={lives[0]} neighbours={changes[pane].lost} lost />
            ) : null}
          </div>
        ))}
        <p className={styles.faint}>
          Faint: not a neighbour in every pane. Outlined twice: gained against A; struck out: lost. Full
          space, 15 nearest.
        </p>
      </div>
    </Section>
  );
}

/** Neighbours in one pane; a click focuses one in all panes. */
function NearList(props: {
  live: PaneLive;
  neighbours: readonly Neighbor[];
  marks?: (near: Neighbor) => { kept: boolean; gained: boolean };
  lost?: boolean;
}) {
  const { live, neighbours, marks, lost } = props;
  const focus = useView((view) => view.focus);
  return (
    <ul data-plain={live.split?.hasImages ? undefined : true} data-lost={lost || undefined}>
      {neighbours.map((near) => {
        const { kept, gained } = marks?.(near) ?? { kept: false, gained: false };
        const said = [
          `sample ${near.sampleId}`,
          kept ? "a neighbour in every pane" : "",
          gained ? "gained against A" : "",
          lost ? "lost against A" : "",
        ];
        return (
          <li key={near.position}>
            <button
              type="button"
              data-kept={kept || undefined}
              data-gained={gained || undefined}
              data-testid={lost ? "focus-lost" : "focus-neighbour"}
              style={{
                borderColor: live.picture?.classColours.get(near.label ?? "") ?? "var(--line-strong)",
              }}
              title={said.filter(Boolean).join(", ")}
              aria-label={said.filter(Boolean).join(", ")}
              onClick={() => focus(live.sampleNumbers?.numberAt(near.position) ?? null)}
            >
              {live.split?.hasImages && live.run ? (
                <SampleImage
                  address={imageAddress(live.run.id, { split: live.split.name, position: near.position })}
                  name={`sample ${near.sampleId}`}
                />
              ) : (
                near.sampleId
              )}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
