import Plotly from "plotly.js-gl2d-dist-min";
import { appearanceFor } from "../../chroma-ui/src/scatter/appearance";
import { categoryColour } from "../../chroma-ui/src/scatter/palette";
import { type Bench, drawn } from "./drawn";
import { CLASSES, type Cloud } from "./points";

/** plotly's scattergl, which animates nothing and offers no lasso to programs. */
export function build(container: HTMLElement, first: Cloud, second: () => Promise<Cloud>): Bench {
  const { size, opacity } = appearanceFor(first.x.length, { size: 1, opacity: 1 });
  const colours = Array.from({ length: CLASSES }, (_, code) => categoryColour(code, "dark"));
  const scale = colours.flatMap((colour, code) => [
    [code / CLASSES, colour],
    [(code + 1) / CLASSES, colour],
  ]);
  const place = (values: Uint16Array) => Float32Array.from(values, (value) => (value / 65534) * 2 - 1);
  let codes = first.classes;
  const hidden = { visible: false, range: [-1.1, 1.1] };
  const shown = () => {
    const canvases = container.querySelectorAll("canvas");
    if (!canvases[0]) throw new Error("plotly drew no canvas");
    return canvases[0];
  };
  return {
    async open() {
      await Plotly.newPlot(
        container,
        [
          {
            type: "scattergl",
            mode: "markers",
            x: place(first.x),
            y: place(first.y),
            hoverinfo: "skip",
            marker: {
              size,
              opacity,
              color: codes,
              colorscale: scale,
              cmin: 0,
              cmax: CLASSES,
              line: { width: 0 },
            },
          },
        ],
        { margin: { l: 0, r: 0, t: 0, b: 0 }, xaxis: hidden, yaxis: hidden, showlegend: false },
        { displayModeBar: false },
      );
      await drawn(shown());
    },
    async frame(step) {
      const moved = 0.01 * (step + 1);
      await Plotly.relayout(container, { "xaxis.range": [-1.1 + moved, 1.1 + moved] });
      await drawn(shown());
    },
    async recolour() {
      codes = codes === first.classes ? first.others : first.classes;
      await Plotly.restyle(container, { "marker.color": [codes] });
      await drawn(shown());
    },
    lasso: null,
    async prepare() {
      await second();
    },
    transition: null,
  };
}
