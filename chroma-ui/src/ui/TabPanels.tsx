import { Tabs } from "radix-ui";
import type { ReactNode } from "react";
import styles from "./tabs.module.css";

export type TabPanel = {
  name: string;
  title: string;
  /** Small text beside the title. */
  badge?: string | null;
  /** Whether the content has its own margins. */
  fills?: boolean;
  content: ReactNode;
};

type Props = {
  label: string;
  panels: readonly TabPanel[];
  open: string;
  onOpen: (name: string) => void;
  /** At the end of the row of tabs. */
  more?: ReactNode;
  testId?: string;
};

/** Panels with a tab for each; one is open. */
export function TabPanels({ label, panels, open, onOpen, more, testId }: Props) {
  return (
    <Tabs.Root className={styles.root} value={open} onValueChange={onOpen} data-testid={testId}>
      <div className={styles.head}>
        <Tabs.List className={styles.list} aria-label={label}>
          {panels.map(({ name, title, badge }) => (
            <Tabs.Trigger key={name} className={styles.tab} value={name} data-testid={`tab-${name}`}>
              {title}
              {badge ? <sup className={styles.badge}>{badge}</sup> : null}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {more}
      </div>
      {panels.map(({ name, fills, content }) => (
        <Tabs.Content key={name} className={styles.content} data-fills={fills || undefined} value={name}>
          {content}
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
