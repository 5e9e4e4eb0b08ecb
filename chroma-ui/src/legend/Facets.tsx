import { useMemo } from "react";
import type { Column } from "../api/bytes";
import type { Picture } from "../film/picture";
import { useSelectedPoints, useSelectPoints } from "../film/useSelectedPoints";
import type { ShownFrame } from "../film/useShownFrame";
import { count, decimal } from "../lib/format";
import type { Filter } from "../state/filters";
import { usePreferences } from "../state/preferences";
import { useView } from "../state/view";
import { Section } from "../ui/controls";
import { ChevronDown } from "../ui/icons";
import { FacetValues } from "./FacetValues";
import styles from "./facets.module.css";
import { RangeBrush } from "./RangeBrush";

type Props = { columns: readonly Column[]; shown: ShownFrame; picture: Picture };

/** 1 for the points that the filters count: those in the frame, and in the selection if there is one. */
export function countedPoints(present: Uint8Array, selected: Uint32Array): Uint8Array {
  if (selected.length === 0) return present;
  const counted = new Uint8Array(present.length);
  for (const i of selected) counted[i] = present[i];
  return counted;
}

/** Filters by column; each value shows how many points it has after filtering and in total. */
export function Facets({ columns, shown, picture }: Props) {
  const filters = useView((view) => view.filters);
  const { clearFilters } = useView.getState();
  const openFacets = usePreferences((preferences) => preferences.openFacets);
  const { set } = usePreferences.getState();
  const selected = useSelectedPoints(shown);
  const select = useSelectPoints(shown);
  const among = useMemo(() => countedPoints(shown.points.present, selected), [shown.points, selected]);
  const offered = columns.filter((column) => column.name !== "position");
  const groups = [...new Set(offered.map((column) => column.group))];
  const toggle = (name: string) =>
    set({
      openFacets: openFacets.includes(name)
        ? openFacets.filter((other) => other !== name)
        : [...openFacets, name],
    });

  const facet = (column: Column) => {
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
          <span className={styles.title}>{column.title}</span>
          {filter ? <span className={styles.active}>{said(filter)}</span> : null}
        </button>
        {isOpen && values?.kind === "categorical" ? (
          <FacetValues
            name={column.name}
            title={column.title}
            values={values}
            filter={filter}
            present={shown.points.present}
            among={among}
            sifted={picture.sifted}
          />
        ) : null}
        {isOpen && values?.kind === "numeric" ? (
          <div className={styles.range}>
            <RangeBrush
              name={column.name}
              title={column.title}
              values={values}
              among={among}
              sifted={picture.sifted}
            />
          </div>
        ) : null}
        {isOpen && !values ? <p className={styles.loading}>Loading…</p> : null}
      </div>
    );
  };

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
        ) : selected.length ? (
          <span data-testid="facets-of">of {count(selected.length)} selected</span>
        ) : null
      }
    >
      <div className={styles.facets} data-testid="facets">
        {groups.map((group) => (
          <div key={group}>
            <h3 className={styles.group}>{group}</h3>
            {offered.filter((column) => column.group === group).map(facet)}
          </div>
        ))}
      </div>
    </Section>
  );
}

function said(filter: Filter): string {
  if ("range" in filter) return filter.range.map((end) => decimal(end, 2)).join(" – ");
  return filter.values.length === 1 ? filter.values[0] : `${filter.values.length} values`;
}
