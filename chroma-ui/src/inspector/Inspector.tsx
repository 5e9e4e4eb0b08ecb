import { Tabs } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import { count } from "../lib/format";
import { RunSummary } from "../runs/RunSummary";
import type { RunDetail } from "../runs/TopBar";
import { SelectionPanel, type SelectionPanelProps } from "../selection/SelectionPanel";
import { useSelection } from "../state/selection";
import { Target } from "../ui/icons";
import styles from "./inspector.module.css";
import { SamplePanel, type SamplePanelProps } from "./SamplePanel";

type Props = { run: RunDetail; focused: SamplePanelProps | null; selection: SelectionPanelProps | null };

type Tab = "sample" | "selection" | "run";

export function Inspector({ run, focused, selection }: Props) {
  const [tab, setTab] = useState<Tab>("run");
  const isFocused = focused !== null;
  const selected = useSelection(({ indices }) => indices.length);
  const resting = useRef<Tab>("run");
  resting.current = selected ? "selection" : "run";
  useEffect(() => {
    setTab(isFocused ? "sample" : resting.current);
  }, [isFocused]);
  useEffect(() => {
    if (selected) setTab("selection");
    else setTab((now) => (now === "selection" ? "run" : now));
  }, [selected]);

  return (
    <Tabs.Root
      className={styles.inspector}
      value={tab}
      onValueChange={(next) => setTab(next as Tab)}
      data-testid="inspector"
    >
      <Tabs.List className={styles.tabs} aria-label="Inspector">
        <Tabs.Trigger className={styles.tab} value="sample">
          Sample
        </Tabs.Trigger>
        <Tabs.Trigger className={styles.tab} value="selection" data-testid="tab-selection">
          Selection
          {selected ? <sup className={styles.badge}>{count(selected)}</sup> : null}
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
      <Tabs.Content className={styles.content} value="selection">
        {selection ? <SelectionPanel {...selection} /> : null}
      </Tabs.Content>
      <Tabs.Content className={styles.content} value="run">
        <RunSummary run={run} />
      </Tabs.Content>
    </Tabs.Root>
  );
}
