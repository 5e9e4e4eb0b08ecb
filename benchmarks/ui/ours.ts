import { placed } from "../../chroma-ui/src/scatter/encode";
import { categoryColour } from "../../chroma-ui/src/scatter/palette";
import { within } from "../../chroma-ui/src/scatter/picking";
import { createPlot } from "../../chroma-ui/src/scatter/plot";
import type { Scene } from "../../chroma-ui/src/scatter/types";
import { type Bench, drawn } from "./drawn";
import { CLASSES, type Cloud, PATH } from "./points";

const SQUARE = { offsetX: -1, offsetY: -1, scale: 2 };
const BOX = { left: -1, right: 1, bottom: -1, top: 1 };

export function build(container: HTMLElement, first: Cloud, other: () => Promise<Cloud>): Bench {
  const nothing = () => undefined;
  const style = { shade: "dark" as const, size: 1, opacity: 1, labels: false, contours: false };
  const plot = createPlot(container, style, {
    onHover: nothing,
    onClick: nothing,
    onView: nothing,
    onSelect: nothing,
    onContours: nothing,
  });
  const palette = Array.from({ length: CLASSES + 1 }, (_, code) => categoryColour(code, "dark"));
  const all = Uint32Array.from(first.x.keys());
  const sceneOf = (cloud: Cloud): Scene => ({
    points: placed(cloud, SQUARE, SQUARE),
    codes: cloud.classes,
    palette,
    drawn: all,
    groups: null,
  });
  let scene = sceneOf(first);
  let second = first;
  const settled = async () => {
    do await drawn(plot.canvas);
    while (!plot.isSettled(scene));
  };
  return {
    async open() {
      plot.setBox(BOX, true);
      plot.show(scene, 0);
      await settled();
    },
    async frame(step) {
      plot.centreOn(0.01 * (step + 1), 0);
      await drawn(plot.canvas);
    },
    async recolour() {
      scene = { ...scene, codes: scene.codes === first.classes ? first.others : first.classes };
      plot.show(scene, 0);
      await drawn(plot.canvas);
    },
    async lasso() {
      const found = within(scene.points, scene.drawn, PATH);
      plot.setSelected(found);
      await drawn(plot.canvas);
      return found.length;
    },
    async prepare() {
      second = await other();
    },
    async transition() {
      plot.setSelected(new Uint32Array(0));
      scene = { ...sceneOf(second), codes: scene.codes };
      plot.show(scene, 500);
      await settled();
    },
  };
}
