import createScatterplot from "regl-scatterplot";
import { appearanceFor } from "../../chroma-ui/src/scatter/appearance";
import { categoryColour } from "../../chroma-ui/src/scatter/palette";
import { type Bench, drawn } from "./drawn";
import { CLASSES, type Cloud, PATH } from "./points";

export function build(container: HTMLElement, first: Cloud, other: () => Promise<Cloud>): Bench {
  const canvas = document.createElement("canvas");
  container.append(canvas);
  const { size, opacity } = appearanceFor(first.x.length, { size: 1, opacity: 1 });
  const scatter = createScatterplot({
    canvas,
    width: container.clientWidth,
    height: container.clientHeight,
    colorBy: "valueA",
    pointColor: Array.from({ length: CLASSES }, (_, code) => categoryColour(code, "dark")),
    pointSize: size,
    opacity,
    pointScaleMode: "constant",
  });
  const columns = ({ x, y }: Cloud, codes: Uint16Array) => ({
    x: Float32Array.from(x, (value) => (value / 65534) * 2 - 1),
    y: Float32Array.from(y, (value) => (value / 65534) * 2 - 1),
    z: codes,
  });
  let codes = first.classes;
  let second = first;
  const draw = (cloud: Cloud, transition: boolean) =>
    scatter.draw(columns(cloud, codes), {
      transition,
      transitionDuration: 500,
      zDataType: "categorical",
    });
  return {
    async open() {
      await draw(first, false);
      await drawn(canvas);
    },
    async frame(step) {
      await scatter.zoomToLocation([0.01 * (step + 1), 0], 1.2);
      await drawn(canvas);
    },
    async recolour() {
      codes = codes === first.classes ? first.others : first.classes;
      await draw(first, false);
      await drawn(canvas);
    },
    async lasso() {
      scatter.lassoSelect(
        PATH.map(({ x, y }): [number, number] => [x, y]),
        { isGl: true } as never,
      );
      await drawn(canvas);
      return scatter.get("selectedPoints").length;
    },
    async prepare() {
      second = await other();
    },
    async transition() {
      scatter.deselect();
      await draw(second, true);
      await drawn(canvas);
    },
  };
}
