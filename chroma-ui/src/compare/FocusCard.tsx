import { imageAddress } from "../api/bytes";
import { ClassChip } from "../inspector/ClassChip";
import { SampleImage } from "../inspector/SampleImage";
import { decimal } from "../lib/format";
import { useView } from "../state/view";
import { IconButton } from "../ui/Button";
import { Section } from "../ui/controls";
import { Cross } from "../ui/icons";
import styles from "./compare.module.css";
import { letterOf } from "./PaneHead";
import type { PaneLive } from "./store";

/** The sample in focus as each pane knows it: what it was taken for, and its neighbours there. */
export function FocusCard({ lives }: { lives: readonly PaneLive[] }) {
  const { sample: focused, focus } = useView();
  if (focused === null) return null;
  const holder = lives.find((live) => live.sample);
  const sample = holder?.sample ?? null;
  const numberOf = (live: PaneLive, position: number) => live.roster?.numberAt(position) ?? -1;
  const near = lives.map(
    (live) => new Set(live.sample?.neighbors.map(({ position }) => numberOf(live, position)) ?? []),
  );
  const everywhere = (number: number) => near.filter((set) => set.size > 0).every((set) => set.has(number));
  const hasImages = holder?.split?.hasImages ?? false;
  return (
    <Section
      title="In focus"
      note={
        <IconButton label="Leave this sample" hint="esc" onClick={() => focus(null)}>
          <Cross size={13} />
        </IconButton>
      }
    >
      <div className={styles.focus} data-testid="focus-card">
        <header>
          {hasImages && sample && holder?.run && holder.split ? (
            <SampleImage
              className={styles.portrait}
              address={imageAddress(holder.run.id, holder.split.name, sample.position)}
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
              <span className={styles.letter}>{letterOf(pane)}</span>
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
                  <span>confidence {decimal(live.sample.confidence, 2)}</span>
                </>
              ) : (
                <span>not in this film</span>
              )}
            </p>
            <ul data-plain={live.split?.hasImages ? undefined : true}>
              {live.sample?.neighbors.map((neighbour) => {
                const number = numberOf(live, neighbour.position);
                return (
                  <li key={neighbour.position}>
                    <button
                      type="button"
                      data-kept={everywhere(number) || undefined}
                      data-testid="focus-neighbour"
                      style={{
                        borderColor:
                          live.picture?.classColours.get(neighbour.label ?? "") ?? "var(--line-strong)",
                      }}
                      title={`sample ${neighbour.sampleId}${everywhere(number) ? ", a neighbour in every pane" : ""}`}
                      onClick={() => focus(number)}
                    >
                      {live.split?.hasImages && live.run ? (
                        <SampleImage
                          address={imageAddress(live.run.id, live.split.name, neighbour.position)}
                          name={`sample ${neighbour.sampleId}`}
                        />
                      ) : (
                        neighbour.sampleId
                      )}
                    </button>
                  </li>
                );
              })}
            </ul>
          </div>
        ))}
        <p className={styles.faint}>Faint: not a neighbour in every pane. Full space, 12 nearest.</p>
      </div>
    </Section>
  );
}
