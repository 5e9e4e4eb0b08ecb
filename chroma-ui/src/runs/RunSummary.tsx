import type { ReactNode } from "react";
import { bytes, count, logged } from "../lib/format";
import { Section } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { Troubles } from "./HomeBadge";
import { ReceiptCard } from "./ReceiptCard";
import { readReceipt } from "./receipt";
import { partialOf, type RunDetail, takenOf } from "./run";
import { STATUS_NAMES, StatusDot } from "./StatusDot";
import styles from "./summary.module.css";
import { troublesOf } from "./troubles";
import { useHomeState } from "./useHomeState";

function plain(value: unknown): ReactNode {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : String(value);
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

function entries(value: unknown): [string, unknown][] {
  return value && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : [];
}

function duration(run: RunDetail): string {
  if (!run.finishedAt) return "–";
  const seconds = Math.max(0, (Date.parse(run.finishedAt) - Date.parse(run.createdAt)) / 1000);
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** The last value of a metric. */
function Last({ epoch, step, value }: RunDetail["metrics"][number]["points"][number]) {
  return (
    <span title={epoch === null ? `step ${count(step)}` : `epoch ${epoch}, step ${count(step)}`}>
      {logged(Number(value))}
    </span>
  );
}

export default function RunSummary({ run }: { run: RunDetail }) {
  const receipt = readReceipt(run.receipt);
  const config = entries(run.config);
  const home = useHomeState();
  const troubles = home ? troublesOf(home).filter((trouble) => trouble.run === run.id) : [];
  return (
    <div className={styles.summary} data-testid="run-summary">
      <div>
        <h2 className={styles.heading}>{run.name}</h2>
        <p className={styles.state}>
          <StatusDot status={run.status} />
          {STATUS_NAMES[run.status]} · {run.project}
        </p>
        {run.error ? <p className={styles.error}>{run.error}</p> : null}
      </div>
      <Facts
        facts={[
          ["framework", run.framework ?? "–"],
          ["task", run.task ?? "–"],
          ["started", new Date(run.createdAt).toLocaleString()],
          ["took", duration(run)],
          ["stored", bytes(run.bytes)],
          ...(run.attempts > 1 ? [["attempts", count(run.attempts)] as [string, ReactNode]] : []),
        ]}
      />
      <Section
        title="Layers"
        note={`${count(run.snapshots.length)} ${run.snapshots.length === 1 ? "snapshot" : "snapshots"}`}
      >
        {run.layers.length === 0 ? (
          <p className={styles.faint}>
            {run.status === "RUNNING" ? "No layer yet." : "No layer was captured."}
          </p>
        ) : null}
        {run.layers.map((layer) => {
          return (
            <div key={layer.id} className={styles.layer} data-testid="layer-card" data-layer={layer.name}>
              <p className={styles.layerName}>
                <b>{layer.name}</b>
                <span>{layer.dim ? `${count(layer.dim)}-d` : "no vectors"}</span>
              </p>
              <p className={styles.faint}>
                {layer.reason}
                {layer.pooling && layer.pooling !== "none" ? ` · ${layer.pooling}` : ""}
              </p>
              {takenOf(run, layer.name).map(({ split, snapshots, n, of, partial, logged }) => (
                <p key={split} className={styles.faint}>
                  {split}: {count(snapshots)} {snapshots === 1 ? "snapshot" : "snapshots"}
                  {snapshots ? ` · ${count(n)} of ${count(of)} samples` : ""}
                  {logged ? ` · ${count(logged)} with logged coordinates` : ""}
                  {partial ? ` · ${count(partial)} partial` : ""}
                </p>
              ))}
            </div>
          );
        })}
      </Section>
      {run.splits.length ? (
        <Section title="Splits" note="captured of all">
          <Facts facts={run.splits.map((split) => [split.name, `${count(split.n)} of ${count(split.of)}`])} />
        </Section>
      ) : null}
      {run.metrics.length ? (
        <Section title="Metrics" note="logged last">
          <div data-testid="run-metrics">
            <Facts
              facts={run.metrics.map(({ name, points }) => {
                const last = points[points.length - 1];
                return [name, last ? <Last key={name} {...last} /> : "–"];
              })}
            />
          </div>
        </Section>
      ) : null}
      {troubles.length ? (
        <Section title="Damage" note="what this run lacks">
          <div data-testid="run-damage">
            <Troubles troubles={troubles} nameOf={() => null} />
          </div>
        </Section>
      ) : null}
      {receipt ? <ReceiptCard receipt={receipt} partial={partialOf(run)} /> : null}
      {config.length ? (
        <Section title="Config">
          <Facts facts={config.map(([name, value]) => [name, plain(value)])} />
        </Section>
      ) : null}
    </div>
  );
}
