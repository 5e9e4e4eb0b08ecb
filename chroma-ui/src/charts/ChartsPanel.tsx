import { useState } from "react";
import { momentOf, spoken } from "../film/frameNames";
import { type Chart, MOST_CHARTS } from "../state/charts";
import { useView } from "../state/view";
import { Button } from "../ui/Button";
import { Plus } from "../ui/icons";
import { Segmented } from "../ui/Segmented";
import type { PanelProps } from "../workspace/panelProps";
import { ChartCard } from "./ChartCard";
import type { Mode } from "./ChartFigure";
import styles from "./charts.module.css";
import { usualCharts } from "./kinds";
import { chartColumns, useKept } from "./useChart";

/** Charts of any column by any other; each shows all samples and those that pass the filters. */
export default function ChartsPanel({ shown, picture }: PanelProps) {
  if (!shown || !picture) return <p className={styles.empty}>Waiting for the film.</p>;
  return <Filled shown={shown} picture={picture} />;
}

type Props = { [Name in "shown" | "picture"]: NonNullable<PanelProps[Name]> };

function Filled({ shown, picture }: Props) {
  const chosen = useView((view) => view.charts);
  const { setCharts } = useView.getState();
  const [mode, setMode] = useState<Mode>("filter");
  const kept = useKept(picture);
  const columns = chartColumns(shown);
  const charts = chosen ?? usualCharts(columns);
  const replace = (at: number, next: readonly Chart[]) =>
    setCharts([...charts.slice(0, at), ...next, ...charts.slice(at + 1)]);
  const add = () => {
    const used = charts.map(({ x }) => x);
    const next = columns.find(({ name }) => !used.includes(name)) ?? columns[0];
    if (next) setCharts([...charts, { x: next.name, y: null, kind: null, log: [] }]);
  };
  const { film, frame } = shown;
  return (
    <div className={styles.panel} data-testid="charts">
      <div className={styles.bar}>
        <Button
          className={styles.small}
          data-testid="chart-add"
          disabled={charts.length >= MOST_CHARTS || columns.length === 0}
          onClick={add}
        >
          <Plus size={13} /> Add a chart
        </Button>
        <span className={styles.mode}>
          A click
          <Segmented<Mode>
            label="What a click on a chart does"
            testId="chart-mode"
            value={mode}
            options={[
              { value: "filter", name: "filters" },
              { value: "select", name: "selects" },
            ]}
            onChange={setMode}
          />
        </span>
        <span className={styles.moment}>
          {film.axis === "EPOCHS" ? momentOf(frame) : spoken(frame, film.axis)}
        </span>
      </div>
      {charts.length ? (
        <div className={styles.cards}>
          {charts.map((chart, at) => (
            <ChartCard
              // biome-ignore lint/suspicious/noArrayIndexKey: two charts may show the same
              key={at}
              chart={chart}
              shown={shown}
              picture={picture}
              kept={kept}
              mode={mode}
              onChange={(next) => replace(at, [next])}
              onRemove={() => replace(at, [])}
            />
          ))}
        </div>
      ) : (
        <p className={styles.empty}>No charts. “Add a chart” draws any column, alone or by another one.</p>
      )}
    </div>
  );
}
