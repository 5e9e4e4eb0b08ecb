import { type ReactNode, useEffect, useState } from "react";
import { count } from "../lib/format";
import { SelectionPanel } from "../selection/SelectionPanel";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { TabPanels } from "../ui/TabPanels";
import styles from "./compare.module.css";
import type { PaneLive } from "./store";

type Tab = "differences" | "selection";

/** The panel beside the panes: how they differ, or the selection in the first pane. */
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
    <TabPanels
      label="Comparison"
      open={tab}
      onOpen={(name) => setTab(name as Tab)}
      panels={[
        {
          name: "differences",
          title: "Differences",
          content: <div className={styles.side}>{children}</div>,
        },
        {
          name: "selection",
          title: "Selection",
          badge: selected ? count(selected) : null,
          content:
            first?.shown && first.picture && first.split ? (
              <>
                {selected ? (
                  <p className={styles.whose}>
                    Selected in pane A: tags and exports apply to the run {first.run?.name}.
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
            ) : null,
        },
      ]}
    />
  );
}
