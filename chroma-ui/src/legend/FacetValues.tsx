import { useMemo, useState } from "react";
import type { CategoricalColumn } from "../api/bytes";
import { countCodes } from "../film/statistics";
import { count, spokenName } from "../lib/format";
import { type Filter, NOT_KNOWN, passingOthers, type Sifted, toggled } from "../state/filters";
import { useView } from "../state/view";
import { LongName } from "../ui/LongName";
import styles from "./facets.module.css";

type Props = {
  name: string;
  title: string;
  values: CategoricalColumn;
  filter: Filter | undefined;
  present: Uint8Array;
  /** 1 for points that are counted if they pass the other filters. */
  among: Uint8Array;
  sifted: Sifted;
};

/** At most this many values are listed; others are found by searching. */
const MOST_VALUES = 60;
const SEARCHED = 12;

/** The values of a column, with their points after filtering and in total; a click filters by a value. */
export function FacetValues({ name, title, values, filter, present, among, sifted }: Props) {
  const setFilter = useView((view) => view.setFilter);
  const [words, setWords] = useState("");
  const size = values.legend.length + 1;
  const { all, left } = useMemo(() => {
    const codes = values.codes.map((code) => Math.min(code, size - 1));
    const others = passingOthers(sifted, name).map((passes, i) => passes & among[i]);
    return { all: countCodes(codes, present, size), left: countCodes(codes, others, size) };
  }, [values, size, sifted, name, present, among]);
  const chosen = filter && "values" in filter ? filter.values : [];
  const listed = [...values.legend, NOT_KNOWN]
    .map((value, code) => ({ value, code }))
    .filter(({ value, code }) => all[code] > 0 || chosen.includes(value))
    .filter(({ value }) => value.toLowerCase().includes(words.trim().toLowerCase()));
  const few =
    listed.length > MOST_VALUES
      ? [...listed].sort((a, b) => left[b.code] - left[a.code]).slice(0, MOST_VALUES)
      : listed;
  return (
    <>
      {size > SEARCHED ? (
        <input
          type="search"
          className={styles.search}
          placeholder={`Find in ${count(values.legend.length)} values`}
          aria-label={`Find a value of ${title}`}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
      ) : null}
      <ul className={styles.values}>
        {few.map(({ value, code }) => (
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
              <LongName className={styles.valueName} name={spokenName(value)} />
              <span className={styles.counts}>
                <b>{count(left[code])}</b> / {count(all[code])}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {few.length < listed.length ? (
        <p className={styles.loading}>
          {few.length} of {count(listed.length)} values
        </p>
      ) : null}
    </>
  );
}
