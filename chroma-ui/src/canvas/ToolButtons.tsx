import type { ReactNode } from "react";
import type { Tool } from "../scatter/gestures";
import { useSelection } from "../state/selection";
import { IconButton } from "../ui/Button";
import { BoxSelect, Lasso, Move } from "../ui/icons";

const TOOLS: readonly { name: Tool; label: string; hint: string; icon: ReactNode }[] = [
  { name: "move", label: "Move the view", hint: "V", icon: <Move /> },
  { name: "lasso", label: "Select with a lasso", hint: "L", icon: <Lasso /> },
  { name: "box", label: "Select with a box", hint: "B", icon: <BoxSelect /> },
];

/** What dragging over the points does. */
export function ToolButtons({ side }: { side: "top" | "right" }) {
  const tool = useSelection((selection) => selection.tool);
  const { setTool } = useSelection.getState();
  return TOOLS.map(({ name, label, hint, icon }) => (
    <IconButton
      key={name}
      label={label}
      hint={hint}
      side={side}
      aria-pressed={tool === name}
      data-testid={`tool-${name}`}
      onClick={() => setTool(name)}
    >
      {icon}
    </IconButton>
  ));
}
