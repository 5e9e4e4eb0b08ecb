import { REVIEW } from "../state/layout";
import { useView } from "../state/view";

/**
 * Opens the review of a split's labels, and the split's film where there is one.
 *
 * @param followed Splits of which there are snapshots, which the canvas can show.
 */
export function openReview(name: string, followed: readonly string[]): void {
  const { split, openSplit, openPanel } = useView.getState();
  if (split !== name && followed.includes(name)) openSplit(name);
  openPanel(`${REVIEW}${name}`);
}
