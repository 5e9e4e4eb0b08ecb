import { count } from "../lib/format";
import type { Side } from "../state/layout";
import { useSelection } from "../state/selection";
import { TabPanels } from "../ui/TabPanels";
import { PanelMenu } from "./PanelMenu";
import type { PanelProps } from "./panelProps";
import { Resizer } from "./Resizer";
import type { Docks } from "./useDocks";

/** How the tests and styles of the page name the sides. */
const NAMES: Record<Side, { label: string; testId: string }> = {
  left: { label: "Panels on the left", testId: "dock-left" },
  right: { label: "Inspector", testId: "inspector" },
  bottom: { label: "Panels below", testId: "dock-bottom" },
};

type Props = { side: Side; docks: Docks; props: PanelProps | null };

/** The panels of one side: a tab for each, one of them open. */
export function Dock({ side, docks, props }: Props) {
  const selected = useSelection(({ samples }) => samples.length);
  const dock = docks.sides[side];
  const { label, testId } = NAMES[side];
  if (!dock || !props) return null;
  return (
    <>
      <Resizer side={side} label={label} size={docks.layout.sizes[side]} onResize={docks.resize} />
      <TabPanels
        label={label}
        testId={testId}
        open={dock.front.name}
        onOpen={docks.bring}
        more={<PanelMenu panel={dock.front} side={side} docks={docks} />}
        panels={dock.panels.map(({ name, title, fills, Content }) => ({
          name,
          title,
          fills,
          badge: name === "selection" && selected ? count(selected) : null,
          content: <Content {...props} />,
        }))}
      />
    </>
  );
}
