import type { Column } from "../api/bytes";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import type { Chart, ChartKind } from "../state/charts";
import { Button, IconButton } from "../ui/Button";
import { Cross } from "../ui/icons";
import { Segmented } from "../ui/Segmented";
import { Select } from "../ui/Select";
import { ChartFigure, type Mode } from "./ChartFigure";
import styles from "./charts.module.css";
import { KIND_NAMES, kindOf, kindsFor } from "./kinds";
import { chartColumns, useChart } from "./useChart";

type Props = {
  chart: Chart;
  shown: ShownFrame;
  picture: Picture;
  kept: Uint8Array;
  mode: Mode;
  onChange: (chart: Chart) => void;
  onRemove: () => void;
};

const ALONE = "-";

/** One chart, with its columns, kind and scales. */
export function ChartCard({ chart, shown, picture, kept, mode, onChange, onRemove }: Props) {
  const { x, y, lost, model, isBusy, problem, tryAgain } = useChart(chart, shown, kept);
  const columns = chartColumns(shown);
  const options = columns.map(({ name, title, group }) => ({ value: name, name: title, group }));
  const name = x ? (y ? `${x.title} by ${y.title}` : x.title) : chart.x;
  const kinds = x ? kindsFor(x.kind, y?.kind ?? null) : [];
  const kind = x ? kindOf(chart, x, y) : null;
  const title = kind ? `${KIND_NAMES[kind]} of ${name}` : name;
  return (
    <section
      className={styles.card}
      aria-label={title}
      aria-busy={isBusy}
      data-testid="chart"
      data-kind={kind ?? undefined}
    >
      <header className={styles.head}>
        <Select
          label="Column"
          testId="chart-x"
          compact
          value={x?.name ?? null}
          options={options}
          onChange={(next) => onChange({ ...chart, x: next, kind: null, log: [] })}
        />
        <span>by</span>
        <Select
          label="By column"
          testId="chart-y"
          compact
          value={chart.y === null ? ALONE : (y?.name ?? null)}
          options={[{ value: ALONE, name: "nothing" }, ...options]}
          onChange={(next) => onChange({ ...chart, y: next === ALONE ? null : next, kind: null, log: [] })}
        />
        <IconButton label={`Remove the chart ${name}`} data-testid="chart-remove" onClick={onRemove}>
          <Cross size={14} />
        </IconButton>
      </header>
      {kind && kind !== "bars" ? (
        <div className={styles.options}>
          {kinds.length > 1 ? (
            <Segmented<ChartKind>
              label="Kind of chart"
              testId="chart-kind"
              value={kind}
              options={kinds.map((each) => ({ value: each, name: KIND_NAMES[each] }))}
              onChange={(next) => onChange({ ...chart, kind: next === kinds[0] ? null : next })}
            />
          ) : null}
          {x ? <LogButton axis="x" column={x} chart={chart} onChange={onChange} /> : null}
          {y ? <LogButton axis="y" column={y} chart={chart} onChange={onChange} /> : null}
        </div>
      ) : null}
      {lost !== null ? (
        <p className={styles.empty}>This film has no column “{lost}”. Choose another one.</p>
      ) : problem !== null ? (
        <div className={styles.empty} role="alert">
          <p>{problem}</p>
          <Button onClick={tryAgain}>Try again</Button>
        </div>
      ) : model ? (
        <ChartFigure model={model} name={title} shown={shown} picture={picture} kept={kept} mode={mode} />
      ) : (
        <p className={styles.empty}>Loading…</p>
      )}
      {[x, y].map((column) =>
        column?.note ? (
          <p key={column.name} className={styles.note}>
            {column.note}
          </p>
        ) : null,
      )}
    </section>
  );
}

type LogProps = { axis: "x" | "y"; column: Column; chart: Chart; onChange: (chart: Chart) => void };

function LogButton({ axis, column, chart, onChange }: LogProps) {
  if (column.kind !== "NUMERIC") return null;
  const on = chart.log.includes(axis);
  const log = (["x", "y"] as const).filter((each) => (each === axis ? !on : chart.log.includes(each)));
  return (
    <button
      type="button"
      className={styles.toggle}
      aria-pressed={on}
      data-testid={`chart-log-${axis}`}
      onClick={() => onChange({ ...chart, log })}
    >
      {chart.y === null ? "log scale" : `log ${column.title}`}
    </button>
  );
}
