import { useState } from "react";
import type { Film, Frame } from "../api/bytes";
import { spoken } from "../film/frameNames";
import { brokenLine, stopsOf } from "../inspector/series";
import { count, percent } from "../lib/format";
import styles from "./confusion.module.css";
import type { Pair } from "./matrix";

type Props = {
  film: Film;
  /** Of the shares. */
  frames: readonly Frame[];
  pairs: readonly Pair[];
  /** The step shown. */
  now: number;
  done: boolean;
  onChoose: (names: readonly [string, string]) => void;
};

const AT_FIRST = 8;
const WIDTH = 76;
const HEIGHT = 18;

/** Pairs of classes that were confused, and when they parted. */
export function Pairs({ film, frames, pairs, now, done, onChoose }: Props) {
  const [all, setAll] = useState(false);
  if (!done) return null;
  if (pairs.length === 0)
    return <p className={styles.note}>No two classes were confused in 2% of their samples or more.</p>;
  const listed = all ? pairs : pairs.slice(0, AT_FIRST);
  const at = frames.findIndex(({ step }) => step === now);
  return (
    <>
      <ul className={styles.pairs} data-testid="confused-pairs">
        {listed.map((pair) => {
          const stops = stopsOf(pair.shares, [0, pair.peak], WIDTH, HEIGHT);
          const dot = stops[at];
          const last = pair.shares[pair.shares.length - 1] ?? 0;
          return (
            <li key={pair.names.join("\n")}>
              <button
                type="button"
                data-testid="confused-pair"
                title={`At most ${percent(pair.peak)} of both were taken for the other. Parted: less than half of that, for good. Click to select them at this frame`}
                onClick={() => onChoose(pair.names)}
              >
                <b>
                  {pair.names[0]} · {pair.names[1]}
                </b>
                <svg width={WIDTH} height={HEIGHT + 6} aria-hidden="true">
                  <g transform="translate(0, 3)">
                    <path d={brokenLine(stops)} />
                    {dot ? <circle cx={dot.x} cy={dot.y} r={2.6} /> : null}
                  </g>
                </svg>
                <span className={styles.when} data-open={pair.parted === null || undefined}>
                  {pair.parted === null
                    ? `still ${percent(last)}`
                    : `parted at ${spoken(frames[pair.parted], film.axis)}`}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      {pairs.length > AT_FIRST ? (
        <button type="button" className={styles.more} onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${count(pairs.length)}`}
        </button>
      ) : null}
    </>
  );
}
