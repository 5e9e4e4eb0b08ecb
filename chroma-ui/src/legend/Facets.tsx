import { useMemo } from "react";
import type { CategoricalColumn, Column, ColumnValues, NumericColumn } from "../api/bytes";
import { columnTitle, count, decimal } from "../lib/format";
import type { Picture } from "../scatter/scene";
import type { ShownFrame } from "../scatter/useShownFrame";
import { type Filter, NOT_KNOWN, passingOthers, toggled } from "../state/filters";
import { usePreferences } from "../state/preferences";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { Section, Slider } from "../ui/controls";
import { ChevronDown } from "../ui/icons";
import styles from "./facets.module.css";
import { Histogram } from "./Histogram";
import { countCodes, histogram, valueRange } from "./statistics";

type Props = { columns: readonly Column[]; shown: ShownFrame; picture: Picture };

const BINS = 30;
/** More values than this are found by the search of the legend, not by a list. */
const MOST_VALUES = 60;

/** What can be filtered by: every column, with how many points its values have, shown and in all. */
export function Facets({ columns, shown, picture }: Props) {
  const { filters, clearFilters } = useView();
  const { openFacets, set } = usePreferences();
  const select = useSelection((selection) => selection.select);
  const offered = columns.filter(
    (column) => column.name !== "position" && (column.legend?.length ?? 0) <= MOST_VALUES,
  );
  const toggle = (name: string) =>
    set({
      openFacets: openFacets.includes(name)
        ? openFacets.filter((other) => other !== name)
        : [...openFacets, name],
    });

  return (
    <Section
      title="Filter"
      note={
        filters.length ? (
          <span className={styles.actions}>
            <button
              type="button"
              className={styles.link}
              data-testid="select-shown"
              onClick={() => select(picture.scene.drawn.slice())}
            >
              select {count(picture.scene.drawn.length)}
            </button>
            <button type="button" className={styles.link} data-testid="clear-filters" onClick={clearFilters}>
              clear
            </button>
          </span>
        ) : null
      }
    >
      <div className={styles.facets} data-testid="facets">
        {offered.map((column) => {
          const filter = filters.find((found) => found.column === column.name);
          const isOpen = openFacets.includes(column.name);
          const values = shown.columns.get(column.name);
          return (
            <div key={column.name} data-testid="facet" data-name={column.name}>
              <button
                type="button"
                className={styles.head}
                aria-expanded={isOpen}
                onClick={() => toggle(column.name)}
              >
                <span className={styles.chevron}>
                  <ChevronDown size={13} />
                </span>
                <span className={styles.title}>{columnTitle(column.name)}</span>
                {filter ? <span className={styles.active}>{said(filter)}</span> : null}
              </button>
              {isOpen && values ? (
                <Facet name={column.name} values={values} filter={filter} shown={shown} picture={picture} />
              ) : null}
            </div>
          );
        })}
      </div>
    </Section>
  );
}

function said(filter: Filter): string {
  if ("range" in filter) return filter.range.map((end) => decimal(end, 2)).join(" – ");
  return filter.values.length === 1 ? filter.values[0] : `${filter.values.length} values`;
}

type FacetProps<Values> = {
  name: string;
  values: Values;
  filter: Filter | undefined;
  shown: ShownFrame;
  picture: Picture;
};

function Facet(props: FacetProps<ColumnValues>) {
  const { values } = props;
  return values.kind === "categorical" ? (
    <Values {...props} values={values} />
  ) : (
    <Range {...props} values={values} />
  );
}

function Values({ name, values, filter, shown, picture }: FacetProps<CategoricalColumn>) {
  const setFilter = useView((view) => view.setFilter);
  const size = values.legend.length + 1;
  const { all, left } = useMemo(() => {
    const codes = values.codes.map((code) => Math.min(code, size - 1));
    const others = passingOthers(picture.sifted, name).map((passes, i) => passes & shown.points.present[i]);
    return { all: countCodes(codes, shown.points.present, size), left: countCodes(codes, others, size) };
  }, [values, size, picture.sifted, name, shown.points]);
  const chosen = filter && "values" in filter ? filter.values : [];
  return (
    <ul className={styles.values}>
      {[...values.legend, NOT_KNOWN].map((value, code) =>
        all[code] === 0 && !chosen.includes(value) ? null : (
          <li key={value}>
            <button
              type="button"
              className={styles.value}
              aria-pressed={chosen.includes(value)}
              data-testid="facet-value"
              data-value={value}
              onClick={() => setFilter(name, toggled(filter, name, value))}
            >
              <span className={styles.tick} />
              <span className={styles.valueName}>{value}</span>
              <span className={styles.counts}>
                <b>{count(left[code])}</b> / {count(all[code])}
              </span>
            </button>
          </li>
        ),
      )}
    </ul>
  );
}

function Range({ name, values, filter, shown, picture }: FacetProps<NumericColumn>) {
  const setFilter = useView((view) => view.setFilter);
  const [low, high] = useMemo(() => {
    const [from, to] = valueRange(name, values.values);
    const known = values.values.filter(Number.isFinite);
    // The ends of the scale are rounded outwards, so that they let everything pass.
    return known.length
      ? [known.reduce((a, b) => Math.min(a, b), from), known.reduce((a, b) => Math.max(a, b), to)]
      : [from, to];
  }, [name, values]);
  const [from, to] = filter && "range" in filter ? filter.range : [low, high];
  const counts = useMemo(() => {
    const others = passingOthers(picture.sifted, name).map((passes, i) => passes & shown.points.present[i]);
    return histogram(values.values, others, low, high, BINS);
  }, [values, low, high, picture.sifted, name, shown.points]);
  if (!(low < high)) return <p className={styles.same}>All points have the value {decimal(low)}.</p>;
  return (
    <div className={styles.range}>
      <Histogram
        counts={counts}
        label={`Points by ${columnTitle(name)}, square-root scale`}
        colourOf={(bin) => {
          const middle = low + ((bin + 0.5) / BINS) * (high - low);
          return middle >= from && middle <= to ? "var(--accent)" : "var(--line-strong)";
        }}
      />
      <Slider
        label={columnTitle(name)}
        min={low}
        max={high}
        step={(high - low) / 200}
        value={[from, to]}
        onChange={([a, b]) => setFilter(name, a <= low && b >= high ? null : { column: name, range: [a, b] })}
      />
      <p className={styles.ends}>
        <span>{decimal(from, 2)}</span>
        <span>{decimal(to, 2)}</span>
      </p>
    </div>
  );
}
