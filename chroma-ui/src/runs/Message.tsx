import type { ReactNode } from "react";
import { Logo } from "../ui/icons";
import styles from "./states.module.css";

/** A message in place of the canvas. */
export function Message(props: { title: string; children: ReactNode; icon?: ReactNode; testId?: string }) {
  return (
    <div className={styles.message} data-testid={props.testId}>
      {props.icon ?? <Logo size={40} />}
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}
