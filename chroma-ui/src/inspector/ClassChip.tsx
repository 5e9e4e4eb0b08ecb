import { spokenName } from "../lib/format";
import styles from "./inspector.module.css";

export function ClassChip({
  kind,
  name,
  colour,
}: {
  kind: string;
  name: string;
  colour: string | undefined;
}) {
  return (
    <span className={styles.chip} style={{ "--ink": colour ?? "var(--text-soft)" } as React.CSSProperties}>
      {kind} <b>{spokenName(name)}</b>
    </span>
  );
}
