import { Tabs } from "radix-ui";
import { useEffect, useState } from "react";
import { RunSummary } from "../runs/RunSummary";
import type { RunDetail } from "../runs/TopBar";
import { Target } from "../ui/icons";
import styles from "./inspector.module.css";
import { SamplePanel, type SamplePanelProps } from "./SamplePanel";

type Props = { run: RunDetail; focused: SamplePanelProps | null };

export function Inspector({ run, focused }: Props) {
  const [tab, setTab] = useState<"sample" | "run">("run");
  const isFocused = focused !== null;
  useEffect(() => {
    setTab(isFocused ? "sample" : "run");
  }, [isFocused]);

  return (
    <Tabs.Root
      className={styles.inspector}
      value={tab}
      onValueChange={(next) => setTab(next as typeof tab)}
      data-testid="inspector"
    >
      <Tabs.List className={styles.tabs} aria-label="Inspector">
        <Tabs.Trigger className={styles.tab} value="sample">
          Sample
        </Tabs.Trigger>
        <Tabs.Trigger className={styles.tab} value="run">
          Run
        </Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content className={styles.content} value="sample">
        {focused ? (
          <SamplePanel {...focused} />
        ) : (
          <div className={styles.hint}>
            <Target size={26} />
            <p>Click a point to see its sample, its nearest neighbours and how its prediction changed.</p>
          </div>
        )}
      </Tabs.Content>
      <Tabs.Content className={styles.content} value="run">
        <RunSummary run={run} />
      </Tabs.Content>
    </Tabs.Root>
  );
}
