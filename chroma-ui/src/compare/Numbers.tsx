import { useMemo, useState } from "react";
import { count, logged } from "../lib/format";
import { INKS } from "../timeline/Timeline";
import { Section, Switch } from "../ui/controls";
import { Select } from "../ui/Select";
import { MetricChart } from "./MetricChart";
import { configRows, curvesOf, metricRows } from "./numbers";
import styles from "./numbers.module.css";
import { letterOf } from "./PaneHead";
import type { PaneLive } from "./store";

const ASIDE = 12;

/** The runs of all panes in numbers: curves of a metric, last values, configuration, with what differs marked. */
export function Numbers({ lives }: { lives: readonly PaneLive[] }) {
  const [wanted, setWanted] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const [everyMetric, setEveryMetric] = useState(false);
  // The same run in two panes is one column.
  const known = useMemo(() => {
    const found = new Map<string, { letters: string[]; run: NonNullable<PaneLive["run"]> }>();
    lives.forEach(({ run }, pane) => {
      if (!run) return;
      const before = found.get(run.id);
      if (before) before.letters.push(letterOf(pane));
      else found.set(run.id, { letters: [letterOf(pane)], run });
    });
    return [...found.values()];
  }, [lives]);
  const runs = useMemo(() => known.map(({ run }) => run), [known]);
  const metrics = useMemo(() => metricRows(runs), [runs]);
  const config = useMemo(() => configRows(runs), [runs]);
  const chosen = metrics.find(({ name }) => name === wanted)?.name ?? metrics[0]?.name ?? null;
  const curves = useMemo(() => (chosen === null ? null : curvesOf(chosen, runs)), [chosen, runs]);
  const differing = config.filter(({ differs }) => differs);
  const listed = all ? config : differing;
  const shownMetrics = everyMetric ? metrics : metrics.slice(0, ASIDE);
  if (runs.length === 0) return <p className={styles.note}>…</p>;
  const head = (
    <thead>
      <tr>
        <th scope="col">name</th>
        {known.map(({ letters, run }, at) => (
          <th key={run.id} scope="col" title={run.name}>
            <span className={styles.letter} style={{ borderColor: INKS[at % INKS.length] }}>
              {letters.join(" ")}
            </span>
          </th>
        ))}
      </tr>
    </thead>
  );
  return (
    <div className={styles.numbers} data-testid="numbers">
      <ul className={styles.runs}>
        {known.map(({ letters, run }, at) => (
          <li key={run.id}>
            <i style={{ background: INKS[at % INKS.length] }} />
            <b>{letters.join(", ")}</b> <span title={run.name}>{run.name}</span>
          </li>
        ))}
      </ul>
      {runs.length === 1 ? <p className={styles.note}>All panes show the same run.</p> : null}
      <Section
        title="Curve"
        note={
          chosen === null ? (
            "no metric was logged"
          ) : (
            <Select
              label="Metric"
              testId="numbers-metric"
              value={chosen}
              options={metrics.map(({ name }) => ({ value: name, name }))}
              onChange={setWanted}
              compact
            />
          )
        }
      >
        {chosen !== null && curves ? <MetricChart name={chosen} curves={curves} /> : null}
      </Section>
      {metrics.length ? (
        <Section title="Metrics" note="logged last; the best in bold">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by key */}
          <section className={styles.wide} tabIndex={0} aria-label="Metrics by run">
            <table className={styles.table} data-testid="numbers-metrics">
              {head}
              <tbody>
                {shownMetrics.map(({ name, values, differs, best }) => (
                  <tr key={name} data-differs={differs || undefined}>
                    <th scope="row" title={name}>
                      {name}
                    </th>
                    {values.map((value, at) => (
                      <td key={runs[at].id} data-best={best.includes(at) || undefined}>
                        {value === null ? "–" : logged(value)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          {metrics.length > ASIDE ? (
            <button type="button" className={styles.more} onClick={() => setEveryMetric(!everyMetric)}>
              {everyMetric ? `Show the first ${ASIDE}` : `Show all ${count(metrics.length)} metrics`}
            </button>
          ) : null}
        </Section>
      ) : null}
      <Section
        title="Configuration"
        note={
          config.length ? `${count(differing.length)} of ${count(config.length)} differ` : "none was logged"
        }
      >
        {config.length > differing.length ? (
          <Switch label="Show what is equal too" checked={all} onChange={setAll} />
        ) : null}
        {listed.length ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by key
          <section className={styles.wide} tabIndex={0} aria-label="Configuration by run">
            <table className={styles.table} data-testid="numbers-config">
              {head}
              <tbody>
                {listed.map(({ name, values, differs }) => (
                  <tr key={name} data-differs={differs || undefined}>
                    <th scope="row" title={name}>
                      {name}
                    </th>
                    {values.map((value, at) => (
                      <td key={runs[at].id} title={value ?? "not set"}>
                        {value ?? "–"}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        ) : config.length ? (
          <p className={styles.note}>The configurations are equal.</p>
        ) : null}
      </Section>
    </div>
  );
}
