import { DropdownMenu } from "radix-ui";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import type { Plot } from "../scatter/plot";
import { IconButton } from "../ui/Button";
import { Camera } from "../ui/icons";
import { nameOf, savePage, savePng, saveSvg } from "./save";
import styles from "./share.module.css";

/** Pictures of the canvas, and the film as a page. */
export function SaveMenu({
  plot,
  shown,
  picture,
}: {
  plot: Plot | null;
  shown: ShownFrame;
  picture: Picture;
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton label="Save a picture or the film" side="right" data-testid="save-picture">
          <Camera />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} side="right" sideOffset={8} collisionPadding={8}>
          <DropdownMenu.Item className={styles.choice} onSelect={() => plot && savePng(plot, nameOf(shown))}>
            Picture, PNG <small>what the canvas shows</small>
          </DropdownMenu.Item>
          <DropdownMenu.Item className={styles.choice} onSelect={() => plot && saveSvg(plot, shown, picture)}>
            Picture, SVG <small>vectors, with the legend</small>
          </DropdownMenu.Item>
          <DropdownMenu.Item className={styles.choice} onSelect={() => void savePage(shown)}>
            Film, HTML <small>one page, plays offline</small>
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
