import { type ReactNode, useEffect, useState } from "react";
import { count } from "../lib/format";
import SelectionPanel from "../selection/SelectionPanel";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { TabPanels } from "../ui/TabPanels";
import styles from "./compare.module.css";
import type { PaneLive } from "./store";
import { NUMBERS, OUTCOMES } from "./tabs";

type Tab = "differences" | "selection";
const isNamed = (name: string | null): name is string => name === OUTCOMES || name === NUMBERS;

type Props = {
  first: PaneLive | null;
  /** What the runs predict. */
  outcomes: ReactNode;
  /** The runs in numbers. */
  numbers: ReactNode;
  /** How the neighbours differ. */
  children: ReactNode;
};

/** The panel beside the panes: how they differ, what they predict, or the selection in the first pane. */
export function CompareSide({ first, outcomes, numbers, children }: Props) {
  const selected = useSelection(({ samples }) => samples.length);
  const focused = useView((view) => view.sample);
  const focus = useView((view) => view.focus);
  const panel = useView((view) => view.opened[0] ?? null);
  const { openPanel } = useView.getState();
  const [tab, setTab] = useState<Tab>("differences");
  useEffect(() => setTab(selected ? "selection" : "differences"), [selected]);
  useEffect(() => {
    if (focused !== null) setTab("differences");
  }, [focused]);
  return (
    <TabPanels
      label="Comparison"
      open={isNamed(panel) ? panel : tab}
      onOpen={(name) => {
        openPanel(isNamed(name) ? name : null);
        if (!isNamed(name)) setTab(name as Tab);
      }}
      panels={[
        {
          name: "differences",
          title: "Differences",
          content: <div className={styles.side}>{children}</div>,
        },
        {
          name: OUTCOMES,
          title: "Right and wrong",
          content: <div className={styles.side}>{outcomes}</div>,
        },
        {
          name: NUMBERS,
          title: "Numbers",
          content: <div className={styles.side}>{numbers}</div>,
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
