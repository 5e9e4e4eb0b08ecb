import { useEffect } from "react";
import { type Notice, useNotices } from "../state/notices";
import { Button, IconButton } from "./Button";
import { Cross } from "./icons";
import styles from "./Notices.module.css";

const SHORT_MS = 4_000;
/** Long enough to read and to undo. */
const LONG_MS = 10_000;

export function Notices() {
  const notices = useNotices((state) => state.notices);
  return (
    <div className={styles.notices} role="status" aria-live="polite">
      {notices.map((notice) => (
        <NoticeCard key={notice.key} notice={notice} />
      ))}
    </div>
  );
}

function NoticeCard({ notice }: { notice: Notice }) {
  const dismiss = useNotices((state) => state.dismiss);
  const { key, text, action } = notice;
  useEffect(() => {
    const timer = window.setTimeout(() => dismiss(key), action ? LONG_MS : SHORT_MS);
    return () => window.clearTimeout(timer);
  }, [dismiss, key, action]);
  return (
    <div className={styles.notice} data-testid="notice" data-notice>
      <p>{text}</p>
      {action ? (
        <Button
          onClick={() => {
            action.run();
            dismiss(key);
          }}
        >
          {action.label}
        </Button>
      ) : null}
      <IconButton label="Dismiss" side="top" onClick={() => dismiss(key)}>
        <Cross size={14} />
      </IconButton>
    </div>
  );
}
