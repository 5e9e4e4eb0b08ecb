import { useEffect, useState } from "react";
import { noteOf } from "../film/columns";
import type { LegendEntry } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { count, percent, spokenName } from "../lib/format";
import { useHighlight } from "../state/highlight";
import { useView } from "../state/view";
import { Section } from "../ui/controls";
import { LongName } from "../ui/LongName";
import styles from "./legend.module.css";

const ORDERS = ["class", "size", "accuracy"] as const;
/** Legends with more entries than this have a search field. */
const SEARCHED = 14;
type Order = (typeof ORDERS)[number];

function sorted(legend: readonly LegendEntry[], order: Order): LegendEntry[] {
  const entries = [...legend];
  if (order === "size") entries.sort((a, b) => b.count - a.count);
  if (order === "accuracy") entries.sort((a, b) => (a.right ?? 2) - (b.right ?? 2));
  return entries;
}

export function CategoryLegend({ shown, legend }: { shown: ShownFrame; legend: readonly LegendEntry[] }) {
  const [order, setOrder] = useState<Order>("class");
  const [words, setWords] = useState("");
  const { point } = useHighlight.getState();
  // An entry that goes while it is pointed at says so no more.
  useEffect(() => () => point(null), [point]);
  const { toggleCategory, isolateCategory, showAllCategories } = useView.getState();
  const rated = legend.some((entry) => entry.right !== null);
  const orders = rated ? ORDERS : ORDERS.slice(0, 2);
  const names = legend.map((entry) => entry.name);
  const most = Math.max(1, ...legend.map((entry) => entry.count));
  const hidden = legend.some((entry) => entry.hidden);
  const wanted = words.trim().toLowerCase();
  const listed = sorted(legend, order).filter((entry) => entry.name.toLowerCase().includes(wanted));
  const unknown = noteOf(shown.film, shown.colourName ?? "");
  const meaning = shown.colourName === "prediction" ? "predicted right" : "recognised";

  return (
    <Section
      title="Legend"
      note={
        hidden ? (
          <button type="button" className={styles.link} onClick={showAllCategories}>
            show all
          </button>
        ) : (
          <button
            type="button"
            className={styles.link}
            onClick={() => setOrder(orders[(orders.indexOf(order) + 1) % orders.length])}
          >
            sort: {order}
          </button>
        )
      }
    >
      {legend.length > SEARCHED ? (
        <input
          type="search"
          className={styles.search}
          placeholder={`Find in ${count(legend.length)} entries`}
          aria-label="Find in the legend"
          data-testid="legend-search"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
      ) : null}
      <ul className={styles.legend}>
        {listed.map((entry) => (
          <li key={entry.code}>
            <button
              type="button"
              className={styles.entry}
              aria-pressed={!entry.hidden}
              title={`${spokenName(entry.name)}: ${count(entry.count)} points${
                entry.right === null ? "" : `, ${percent(entry.right)} ${meaning}`
              }. Click to hide, double-click to show only this one.`}
              data-testid="legend-item"
              data-name={entry.name}
              data-hidden={entry.hidden || undefined}
              onClick={(event) => {
                if (event.detail <= 1) toggleCategory(entry.name);
              }}
              onPointerEnter={() => point(entry.hidden ? null : entry.name)}
              onPointerLeave={() => point(null)}
              onFocus={(event) => event.target.matches(":focus-visible") && point(entry.name)}
              onBlur={() => point(null)}
              onDoubleClick={() => {
                // The first click of the double-click has already toggled this one.
                toggleCategory(entry.name);
                isolateCategory(entry.name, names);
              }}
            >
              <span
                className={styles.dot}
                style={{ background: entry.hidden ? "var(--text-faint)" : entry.colour }}
              />
              <LongName className={styles.name} name={spokenName(entry.name)} />
              <span className={styles.bar}>
                <span style={{ width: `${(100 * entry.count) / most}%`, background: entry.colour }} />
              </span>
              <span className={styles.count}>{count(entry.count)}</span>
              {rated ? (
                <span className={styles.right}>{entry.right === null ? "" : percent(entry.right)}</span>
              ) : null}
            </button>
          </li>
        ))}
      </ul>
      {unknown ? (
        <p className={styles.note} data-testid="column-note">
          {unknown}
        </p>
      ) : null}
      {listed.length === 0 ? <p className={styles.note}>No entry matches “{words}”.</p> : null}
    </Section>
  );
}
