import { useEffect, useRef, useState } from "react";
import { count } from "../lib/format";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { TabPanels } from "../ui/TabPanels";
import type { PanelProps } from "./panelProps";
import { PANELS, panelNamed } from "./panels";

/** The panels of what is chosen on the canvas: the one chosen last is open, until a person opens another. */
type Followed = "sample" | "selection" | "run";
const FOLLOWED: readonly string[] = ["sample", "selection", "run"] satisfies Followed[];

export function Inspector(props: PanelProps) {
  const [followed, setFollowed] = useState<Followed>("run");
  const opened = useView(({ panel }) => panelNamed(panel));
  const isFocused = props.focus.focused !== null;
  const selected = useSelection(({ positions }) => positions.length);
  const unfocused = useRef<Followed>("run");
  unfocused.current = selected ? "selection" : "run";
  useEffect(() => {
    setFollowed(isFocused ? "sample" : unfocused.current);
  }, [isFocused]);
  useEffect(() => {
    if (selected) setFollowed("selection");
    else setFollowed((now) => (now === "selection" ? "run" : now));
  }, [selected]);

  return (
    <TabPanels
      label="Inspector"
      testId="inspector"
      open={opened ?? followed}
      onOpen={(name) => {
        const isFollowed = FOLLOWED.includes(name);
        if (isFollowed) setFollowed(name as Followed);
        useView.getState().openPanel(isFollowed ? null : name);
      }}
      panels={PANELS.map(({ name, title, Content }) => ({
        name,
        title,
        badge: name === "selection" && selected ? count(selected) : null,
        content: <Content {...props} />,
      }))}
    />
  );
}
