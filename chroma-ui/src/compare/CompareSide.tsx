import { Tabs } from "radix-ui";
import { type ReactNode, useEffect, useState } from "react";
import { count } from "../lib/format";
import { SelectionPanel } from "../selection/SelectionPanel";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import tabs from "../ui/tabs.module.css";
import styles from "./compare.module.css";
import type { PaneLive } from "./store";

type Tab = "differences" | "selection";

/** Beside the panes: how they differ, or what is selected, as the first of them shows it. */
export function CompareSide({ first, children }: { first: PaneLive | null; children: ReactNode }) {
  const selected = useSelection(({ positions }) => positions.length);
  const focused = useView((view) => view.sample);
  const focus = useView((view) => view.focus);
  const [tab, setTab] = useState<Tab>("differences");
  useEffect(() => setTab(selected ? "selection" : "differences"), [selected]);
  useEffect(() => {
    if (focused !== null) setTab("differences");
  }, [focused]);
  return (
    <Tabs.Root className={tabs.root} value={tab} onValueChange={(next) => setTab(next as Tab)}>
      <Tabs.List className={tabs.list} aria-label="Beside the panes">
        <Tabs.Trigger className={tabs.tab} value="differences" data-testid="tab-differences">
          Differences
        </Tabs.Trigger>
        <Tabs.Trigger className={tabs.tab} value="selection" data-testid="tab-selection">
          Selection
          {selected ? <sup className={tabs.badge}>{count(selected)}</sup> : null}
        </Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content className={tabs.content} value="differences">
        <div className={styles.side}>{children}</div>
      </Tabs.Content>
      <Tabs.Content className={tabs.content} value="selection">
        {first?.shown && first.picture && first.split ? (
          <>
            {selected ? (
              <p className={styles.whose}>
                In pane A, of {first.run?.name}: its tags and files are those of this run.
              </p>
            ) : null}
            <SelectionPanel
              shown={first.shown}
              split={first.split}
              wrong={first.picture.wrong}
              classColours={first.picture.classColours}
              focused={focused}
              onFocus={focus}
            />
          </>
        ) : null}
      </Tabs.Content>
    </Tabs.Root>
  );
}
