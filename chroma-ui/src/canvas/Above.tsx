import type { ReactNode } from "react";
import styles from "./above.module.css";

/** What lies above the points, one below the other beside the tools: none covers another. */
export function Above({ children }: { children: ReactNode }) {
  return <div className={styles.above}>{children}</div>;
}
