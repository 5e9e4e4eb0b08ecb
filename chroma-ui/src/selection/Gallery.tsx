import { useEffect, useRef, useState } from "react";
import { SPRITES, SPRITES_A_ROW, spriteAddress } from "../api/bytes";
import { useImages } from "../api/useImages";
import { keyAt, sampleAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { useSize } from "../lib/useSize";
import styles from "./selection.module.css";
import { useLines } from "./useLines";

type Props = {
  shown: ShownFrame;
  split: { hasImages: boolean };
  /** Points in the order to show them, by index in the film. */
  indices: Uint32Array;
  colourOf: (index: number) => string | undefined;
  nameOf: (index: number) => string;
  /** The key of a sample. */
  focused: number | null;
  onFocus: (sample: number) => void;
};

const GAP = 3;
const TILE = 36;
const LINE = 30;
/** Rows rendered above and below the visible ones. */
const SPARE_ROWS = 4;

/** Thumbnails of many samples; only the visible rows are rendered. */
export function Gallery({ shown, split, indices, colourOf, nameOf, focused, onFocus }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(frame);
  const [top, setTop] = useState(0);
  const plain = !split.hasImages;
  const across = plain ? 1 : Math.max(1, Math.floor((width + GAP) / (TILE + GAP)));
  const side = plain ? width : (width - GAP * (across - 1)) / across;
  const rise = plain ? LINE : side + GAP;
  const rows = Math.ceil(indices.length / across);
  const first = Math.max(0, Math.floor(top / rise) - SPARE_ROWS);
  const last = Math.min(rows, Math.ceil((top + height) / rise) + SPARE_ROWS);
  const seen = [...indices.subarray(first * across, last * across)];
  const { film } = shown;
  const lines = useLines(
    film,
    seen.map((index) => keyAt(shown, index)),
    !plain || width === 0,
  );
  const pages = useImages(
    plain ? [] : seen.map((index) => spriteAddress(film.runId, sampleAt(shown, index))),
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins at its top
  useEffect(() => {
    // Newer browsers return a promise, which is no clean-up function.
    frame.current?.scrollTo({ top: 0 });
  }, [indices]);

  return (
    <div
      ref={frame}
      className={styles.gallery}
      data-testid="gallery"
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <ul style={{ height: rows * rise }} aria-label={`${indices.length} samples`}>
        {width > 0
          ? seen.map((index, order) => {
              const key = keyAt(shown, index);
              const sample = sampleAt(shown, index);
              const place = first * across + order;
              const tile = sample.position % SPRITES;
              const page = pages.get(spriteAddress(film.runId, sample));
              return (
                <li
                  key={index}
                  style={{
                    left: (place % across) * (side + GAP),
                    top: Math.floor(place / across) * rise,
                    width: side,
                    height: rise - GAP,
                  }}
                >
                  <button
                    type="button"
                    className={plain ? styles.line : styles.tile}
                    style={{ "--ink": colourOf(index) ?? "var(--line-strong)" } as React.CSSProperties}
                    title={nameOf(index)}
                    aria-label={nameOf(index)}
                    data-focused={key === focused || undefined}
                    data-position={sample.position}
                    data-split={sample.split}
                    onClick={() => onFocus(key)}
                  >
                    {plain ? (
                      <Line line={lines.get(key)} />
                    ) : (
                      <span
                        style={{
                          backgroundImage: page ? `url("${page}")` : undefined,
                          backgroundSize: `${SPRITES_A_ROW * 100}% auto`,
                          backgroundPosition: `${-(tile % SPRITES_A_ROW) * side}px ${-Math.floor(tile / SPRITES_A_ROW) * side}px`,
                        }}
                      />
                    )}
                  </button>
                </li>
              );
            })
          : null}
      </ul>
    </div>
  );
}

function Line({ line }: { line: { id: string; text: string | null } | undefined }) {
  if (!line) return "…";
  return (
    <>
      <b className={styles.lineId}>{line.id}</b>
      {line.text}
    </>
  );
}
