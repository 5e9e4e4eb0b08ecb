import type { Film } from "../api/bytes";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import type { useFocus } from "../inspector/useFocus";
import type { RunDetail } from "../runs/run";

/** The props of every panel; a panel uses those it needs. */
export type PanelProps = {
  run: RunDetail;
  split: RunDetail["splits"][number] | null;
  film: Film | null;
  /** The frame on the canvas and how it is drawn; null while there is none. */
  shown: ShownFrame | null;
  picture: Picture | null;
  focus: ReturnType<typeof useFocus>;
  /** Goes to the frame of a step, or the nearest one; null where the frames do not run over steps. */
  onStep: ((step: number) => void) | null;
};
