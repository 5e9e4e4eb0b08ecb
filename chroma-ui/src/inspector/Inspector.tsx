import { Tabs } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import { count } from "../lib/format";
import { RunSummary } from "../runs/RunSummary";
import type { RunDetail } from "../runs/run";
import { SelectionPanel, type SelectionPanelProps } from "../selection/SelectionPanel";
import { useSelection } from "../state/selection";
import { Target } from "../ui/icons";
import tabs from "../ui/tabs.module.css";
import styles from "./inspector.module.css";
import { SamplePanel, type SamplePanelProps } from "./SamplePanel";

type Props = { run: RunDetail; focused: SamplePanelProps | null; selection: SelectionPanelProps | null };

type Tab = "sample" | "selection" | "run";

export function Inspector({ run, focused, selection }: Props) {
  const [tab, setTab] = useState<Tab>("run");
  const isFocused = focused !== null;
  const selected = useSelection(({ positions }) => positions.length);
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
      className={tabs.root}
      value={tab}
      onValueChange={(next) => setTab(next as Tab)}
      data-testid="inspector"
    >
      <Tabs.List className={tabs.list} aria-label="Inspector">
        <Tabs.Trigger className={tabs.tab} value="sample">
          Sample
        </Tabs.Trigger>
        <Tabs.Trigger className={tabs.tab} value="selection" data-testid="tab-selection">
          Selection
          {selected ? <sup className={tabs.badge}>{count(selected)}</sup> : null}
        </Tabs.Trigger>
        <Tabs.Trigger className={tabs.tab} value="run">
          Run
        </Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content className={tabs.content} value="sample">
        {focused ? (
          <SamplePanel {...focused} />
        ) : (
          <div className={styles.hint}>
            <Target size={26} />
            <p>Click a point to see its sample, its nearest neighbours and how its prediction changed.</p>
          </div>
        )}
      </Tabs.Content>
      <Tabs.Content className={tabs.content} value="selection">
        {selection ? <SelectionPanel {...selection} /> : null}
      </Tabs.Content>
      <Tabs.Content className={tabs.content} value="run">
        <RunSummary run={run} />
      </Tabs.Content>
    </Tabs.Root>
  );
}
