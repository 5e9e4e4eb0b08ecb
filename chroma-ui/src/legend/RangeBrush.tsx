import { type PointerEvent, useMemo, useRef, useState } from "react";
import type { NumericColumn } from "../api/bytes";
import { histogram, knownRange } from "../film/statistics";
import { decimal } from "../lib/format";
import { type Scale, shadeAt } from "../scatter/scale";
import { passingOthers, type Sifted } from "../state/filters";
import { useView } from "../state/view";
import { Slider } from "../ui/controls";
import { Histogram } from "./Histogram";
import styles from "./legend.module.css";

type Props = {
  name: string;
  title: string;
  values: NumericColumn;
  /** The histogram's range; all values by default. Values outside count in the outermost bars. */
  span?: readonly [number, number];
  /** 1 for points that are counted if they pass the other filters. */
  among: Uint8Array;
  sifted: Sifted;
  /** The scale of the colours; a log scale also spreads the bars. */
  scale?: Scale;
  /** The colour at a share of the scale. */
  colourOf?: (share: number) => string;
};

const BINS = 32;
/** A drag over less than this share of the width is a click, which removes the range. */
const LEAST_DRAG = 0.02;

/** The distribution of a numeric column; dragging over it, or moving its ends, filters by a range. */
export function RangeBrush({ name, title, values, span, among, sifted, scale, colourOf }: Props) {
  const setFilter = useView((view) => view.setFilter);
  const filter = useView((view) => view.filters.find((found) => found.column === name));
  const whole = useMemo(() => knownRange(values.values), [values]);
  const log = scale?.kind === "log";
  const [low, high] = log ? [scale.low, scale.high] : (span ?? whole);
  const onAxis = (value: number) => (log ? Math.log10(Math.max(value, low)) : value);
  const offAxis = (place: number) => (log ? 10 ** place : place);
  const [start, end] = [onAxis(low), onAxis(high)];
  const counts = useMemo(() => {
    const counted = passingOthers(sifted, name).map((passes, i) => passes & among[i]);
    const places = log ? values.values.map((value) => Math.log10(Math.max(value, low))) : values.values;
    return histogram(places, counted, start, end, BINS);
  }, [values, log, low, start, end, sifted, name, among]);
  const field = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  if (!(low < high)) return <p className={styles.same}>All points have the value {decimal(low)}.</p>;

  const shareAt = (event: PointerEvent) => {
    const box = field.current?.getBoundingClientRect();
    return box ? Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width))) : 0;
  };
  const valueAt = (share: number) => offAxis(start + share * (end - start));
  /** The outermost bars hold the values beyond the scale: a range that reaches the end includes them. */
  const choose = (from: number, to: number) => {
    const range: [number, number] = [
      from <= low ? Math.min(low, whole[0]) : from,
      to >= high ? Math.max(high, whole[1]) : to,
    ];
    setFilter(name, range[0] <= whole[0] && range[1] >= whole[1] ? null : { column: name, range });
  };
  const [from, to] = drag
    ? [valueAt(Math.min(...drag)), valueAt(Math.max(...drag))]
    : filter && "range" in filter
      ? [Math.max(low, filter.range[0]), Math.min(high, filter.range[1])]
      : [low, high];
  const left = (onAxis(from) - start) / (end - start);
  const right = (onAxis(to) - start) / (end - start);

  return (
    <div className={styles.brush} data-testid="range-brush" data-name={name}>
      <div
        ref={field}
        className={styles.field}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([shareAt(event), shareAt(event)]);
        }}
        onPointerMove={(event) => drag && setDrag([drag[0], shareAt(event)])}
        onPointerUp={() => {
          if (!drag) return;
          if (Math.abs(drag[1] - drag[0]) < LEAST_DRAG) setFilter(name, null);
          else choose(from, to);
          setDrag(null);
        }}
        onPointerCancel={() => setDrag(null)}
      >
        <Histogram
          counts={counts}
          label={`Points by ${title}, square-root scale`}
          colourOf={(bin) => {
            const share = (bin + 0.5) / BINS;
            const inside = share >= left && share <= right;
            if (!inside) return "var(--line-strong)";
            return colourOf?.(scale ? shadeAt(scale, valueAt(share)) : share) ?? "var(--accent)";
          }}
        />
        {left > 0 || right < 1 ? (
          <span
            className={styles.brushed}
            style={{ left: `${100 * left}%`, width: `${100 * Math.max(0, right - left)}%` }}
          />
        ) : null}
      </div>
      <Slider
        label={title}
        min={start}
        max={end}
        step={(end - start) / 200}
        value={[onAxis(from), onAxis(to)]}
        textOf={(place) => decimal(offAxis(place))}
        onChange={([a, b]) => choose(a <= start ? low : offAxis(a), b >= end ? high : offAxis(b))}
      />
      <p className={styles.ends}>
        <span>{decimal(from, 2)}</span>
        <span>{decimal(to, 2)}</span>
      </p>
    </div>
  );
}
