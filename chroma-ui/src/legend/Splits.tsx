import { useMemo } from "react";
import { MOST_SHAPES, type Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { count, percent } from "../lib/format";
import { SHAPES } from "../scatter/types";
import { splitNumber } from "../state/sampleKey";
import { useView } from "../state/view";
import { Button } from "../ui/Button";
import { Section } from "../ui/controls";
import styles from "./splits.module.css";

const NEAREST = "nearest_train";

/** Which points are of which split, in a film of several; nothing in other films. */
export function Splits({ shown, picture }: { shown: ShownFrame | null; picture: Picture | null }) {
  const colour = useView((view) => view.colour);
  const { colourBy } = useView.getState();
  const counts = useMemo(() => {
    const found = shown?.film.splits.map(() => 0) ?? [];
    for (const i of picture?.scene.drawn ?? []) found[splitNumber(shown?.keys?.[i] ?? 0)]++;
    return found;
  }, [shown, picture]);
  const right = useMemo(() => rightOf(shown, picture), [shown, picture]);
  if (!shown || !picture || shown.film.splits.length < 2) return null;
  const { film } = shown;
  const { shapes, drawn } = picture.scene;
  const byColour = shown.colourName === "split";
  const hasNearest = film.columns.some(({ name }) => name === NEAREST);
  return (
    <Section title="Splits" note={shapes ? "by shape" : byColour ? "by colour" : "not marked"}>
      <ul className={styles.splits} data-testid="splits">
        {film.splits.map((name, at) => (
          <li key={name} data-split={name} data-shape={shapes ? Math.min(SHAPES.frame, at) : undefined}>
            <Mark
              shape={shapes ? Math.min(SHAPES.frame, at) : SHAPES.disc}
              colour={byColour ? picture.legend?.find((entry) => entry.name === name)?.colour : undefined}
            />
            <span>{name}</span>
            {right?.[at]?.known ? (
              <em
                data-testid="split-right"
                title={`${count(right[at].right)} of ${count(right[at].known)} right at this frame`}
              >
                {percent(right[at].right / right[at].known)} right
              </em>
            ) : (
              <em />
            )}
            <b>{count(counts[at] ?? 0)}</b>
          </li>
        ))}
      </ul>
      {film.together ? (
        <p className={styles.note} data-testid="together">
          {film.together}.
        </p>
      ) : null}
      {shapes || byColour ? null : (
        <p className={styles.note}>
          Up to {count(MOST_SHAPES)} points have shapes; {count(drawn.length)} are drawn.
        </p>
      )}
      <div className={styles.acts}>
        <Button
          data-testid="mark-splits"
          aria-pressed={byColour}
          onClick={() => colourBy(byColour ? "label" : "split")}
        >
          {byColour ? "Colour by label" : "Colour by split"}
        </Button>
        {hasNearest ? (
          <Button
            data-testid="colour-nearest"
            aria-pressed={colour === NEAREST}
            title="Distance in the full space to the nearest other training sample"
            onClick={() => colourBy(colour === NEAREST ? "label" : NEAREST)}
          >
            Distance to train
          </Button>
        ) : null}
      </div>
    </Section>
  );
}

/** Right predictions of each split at the frame shown, of all that are known; null where none can be. */
function rightOf(shown: ShownFrame | null, picture: Picture | null) {
  if (!shown?.label || !shown.prediction || !picture?.wrong) return null;
  const { film, keys, label, prediction, points } = shown;
  const found = film.splits.map(() => ({ known: 0, right: 0 }));
  for (let i = 0; i < points.n; i++) {
    const isKnown = label.codes[i] < label.legend.length && prediction.codes[i] < prediction.legend.length;
    if (!points.present[i] || !isKnown) continue;
    const split = found[splitNumber(keys?.[i] ?? 0)];
    split.known++;
    if (picture.wrong[i] === 0) split.right++;
  }
  return found;
}

function Mark({ shape, colour = "currentColor" }: { shape: number; colour?: string }) {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
      {shape === SHAPES.frame ? (
        <path d="M7 1a6 6 0 1 0 0 12A6 6 0 1 0 7 1ZM4 4h6v6H4Z" fill={colour} fillRule="evenodd" />
      ) : shape === SHAPES.ring ? (
        <circle cx="7" cy="7" r="4.4" fill="none" stroke={colour} strokeWidth="3" />
      ) : (
        <circle cx="7" cy="7" r="6" fill={colour} />
      )}
    </svg>
  );
}
