import { DropdownMenu } from "radix-ui";
import { SIDES, type Side } from "../state/layout";
import { IconButton } from "../ui/Button";
import { Dots } from "../ui/icons";
import styles from "./docks.module.css";
import type { PanelEntry } from "./panels";
import type { Docks } from "./useDocks";

export const SIDE_NAMES: Record<Side, string> = { left: "left", right: "right", bottom: "bottom" };

/** Moves or closes the open panel of a side. */
export function PanelMenu({ panel, side, docks }: { panel: PanelEntry; side: Side; docks: Docks }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton
          label={`Move or close ${panel.title}`}
          className={styles.more}
          data-testid={`panel-menu-${side}`}
        >
          <Dots size={14} />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} align="end" sideOffset={4} collisionPadding={8}>
          {SIDES.filter((other) => other !== side).map((other) => (
            <DropdownMenu.Item
              key={other}
              className={styles.choice}
              onSelect={() => docks.move(panel.name, other)}
            >
              Move {panel.title} to the {SIDE_NAMES[other]}
            </DropdownMenu.Item>
          ))}
          <DropdownMenu.Item className={styles.choice} onSelect={() => docks.close(panel.name)}>
            Close {panel.title}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
