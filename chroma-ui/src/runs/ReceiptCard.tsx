import { bytes, count } from "../lib/format";
import { IconButton } from "../ui/Button";
import { Section } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { Copy, Warning } from "../ui/icons";
import { copyText } from "./copyLink";
import { IDENTITIES, type Receipt, shortOf } from "./receipt";
import styles from "./receipt.module.css";

const of = (n: number, all: number) => (all ? `${count(n)} of ${count(all)}` : count(n));

/** The receipt that the training printed: what was captured, what it cost and what is missing. `partial`: what the server lacks. */
export function ReceiptCard({ receipt, partial }: { receipt: Receipt; partial: readonly string[] }) {
  const short = [...shortOf(receipt), ...partial];
  const { layers, identity, lost, notes, errors, command } = receipt;
  return (
    <Section title="Receipt" note={receipt.bytes === null ? null : bytes(receipt.bytes)}>
      <div className={styles.receipt} data-testid="receipt">
        {layers.length ? (
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">layer</th>
                <th scope="col">snapshots</th>
                <th scope="col">samples</th>
              </tr>
            </thead>
            <tbody>
              {layers.map((line) => (
                <tr key={`${line.layer} ${line.split}`}>
                  <th scope="row">
                    {line.layer}
                    <span>
                      {line.split} · {count(line.dim)}-d · {bytes(line.bytes)}
                    </span>
                  </th>
                  <td data-short={line.snapshots < line.snapshots_of || undefined}>
                    {of(line.snapshots, line.snapshots_of)}
                  </td>
                  <td>{of(line.n, line.of)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          <p className={styles.faint}>No layer was captured.</p>
        )}
        <Facts
          facts={[
            ...(receipt.percent === null || receipt.seconds === null
              ? []
              : [
                  [
                    "cost",
                    <span
                      key="cost"
                      title={`${receipt.seconds.toFixed(2)} s of ${(receipt.training_seconds ?? 0).toFixed(1)} s on the training's thread`}
                    >
                      {receipt.percent.toFixed(1)}% of the training's time
                    </span>,
                  ] as const,
                ]),
            ...Object.entries(identity).map(
              ([split, known]) => [`ids of ${split}`, IDENTITIES[known] ?? known] as const,
            ),
          ]}
        />
        {lost.length ? (
          <ul className={styles.missing} aria-label="Missing">
            {lost.map((sentence) => (
              <li key={sentence}>
                <Warning size={13} />
                missing: {sentence}
              </li>
            ))}
          </ul>
        ) : null}
        {short.map((sentence) => (
          <p key={sentence} className={styles.faint}>
            {sentence}
          </p>
        ))}
        {lost.length || short.length ? null : <p className={styles.whole}>Nothing is missing.</p>}
        {notes.map((note) => (
          <p key={note} className={styles.faint}>
            {note}
          </p>
        ))}
        {errors.map((error) => (
          <p key={error} className={styles.error}>
            {error}
          </p>
        ))}
        {command ? (
          <p className={styles.command}>
            <code>{command}</code>
            <IconButton label="Copy the command" side="left" onClick={() => void copy(command)}>
              <Copy size={14} />
            </IconButton>
          </p>
        ) : null}
      </div>
    </Section>
  );
}

const copy = (command: string): Promise<void> =>
  copyText(command, "Copied.", "select the command and copy it by hand");
