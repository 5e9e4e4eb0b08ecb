import { useEffect, useRef, useState } from "react";
import { count } from "../lib/format";
import { useSelection } from "../state/selection";
import { TabPanels } from "../ui/TabPanels";
import type { PanelProps } from "./panelProps";
import { PANELS } from "./panels";

type Name = (typeof PANELS)[number]["name"];

/** The run, the selection and the sample in focus, each in a tab; the tab of what was chosen last opens. */
export function Inspector(props: PanelProps) {
  const [open, setOpen] = useState<Name>("run");
  const isFocused = props.focus.focused !== null;
  const selected = useSelection(({ positions }) => positions.length);
  const unfocused = useRef<Name>("run");
  unfocused.current = selected ? "selection" : "run";
  useEffect(() => {
    setOpen(isFocused ? "sample" : unfocused.current);
  }, [isFocused]);
  useEffect(() => {
    if (selected) setOpen("selection");
    else setOpen((now) => (now === "selection" ? "run" : now));
  }, [selected]);

  return (
    <TabPanels
      label="Inspector"
      testId="inspector"
      open={open}
      onOpen={(name) => setOpen(name as Name)}
      panels={PANELS.map(({ name, title, Content }) => ({
        name,
        title,
        badge: name === "selection" && selected ? count(selected) : null,
        content: <Content {...props} />,
      }))}
    />
  );
}
