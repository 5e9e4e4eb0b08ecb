import type { ReactNode } from "react";
import { bytes, count } from "../lib/format";
import { Section } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { ReceiptCard } from "./ReceiptCard";
import { readReceipt } from "./receipt";
import type { RunDetail } from "./run";
import styles from "./runs.module.css";
import { STATUS_NAMES, StatusDot } from "./StatusDot";

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

export function RunSummary({ run }: { run: RunDetail }) {
  const receipt = readReceipt(run.receipt);
  const config = entries(run.config);
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
      <Section title="Layers" note={`${count(run.snapshots.length)} snapshots`}>
        {run.layers.length === 0 ? <p className={styles.faint}>No layer yet.</p> : null}
        {run.layers.map((layer) => {
          const taken = run.snapshots.filter((snapshot) => snapshot.layer === layer.name);
          const last = taken[taken.length - 1];
          const logged = new Set(
            run.coordinates.flatMap((each) => (each.layer === layer.name ? each.steps : [])),
          );
          const partial = taken.filter((snapshot) => snapshot.status === "PARTIAL").length;
          return (
            <div key={layer.id} className={styles.layer}>
              <p className={styles.layerName}>
                <b>{layer.name}</b>
                <span>{layer.dim ? `${count(layer.dim)}-d` : "no vectors"}</span>
              </p>
              <p className={styles.faint}>
                {layer.reason}
                {layer.pooling && layer.pooling !== "none" ? ` · ${layer.pooling}` : ""}
              </p>
              <p className={styles.faint}>
                {count(taken.length)} snapshots
                {last ? ` · ${count(last.n)} of ${count(last.of)} samples` : ""}
                {logged.size ? ` · ${count(logged.size)} with logged coordinates` : ""}
                {partial ? ` · ${count(partial)} partial` : ""}
              </p>
            </div>
          );
        })}
      </Section>
      {run.splits.length ? (
        <Section title="Splits" note="captured of all">
          <Facts facts={run.splits.map((split) => [split.name, `${count(split.n)} of ${count(split.of)}`])} />
        </Section>
      ) : null}
      {receipt ? <ReceiptCard receipt={receipt} /> : null}
      {config.length ? (
        <Section title="Config">
          <Facts facts={config.map(([name, value]) => [name, plain(value)])} />
        </Section>
      ) : null}
    </div>
  );
}
