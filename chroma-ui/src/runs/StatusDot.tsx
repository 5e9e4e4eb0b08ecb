import type { RunStatus } from "../api/gql/graphql";
import styles from "./status.module.css";

export const STATUS_NAMES: Record<RunStatus, string> = {
  RUNNING: "running",
  FINISHED: "finished",
  FAILED: "failed",
  INTERRUPTED: "interrupted",
};

export function StatusDot({ status }: { status: RunStatus }) {
  return <span className={styles.status} data-status={status} role="img" aria-label={STATUS_NAMES[status]} />;
}
