declare module "plotly.js-gl2d-dist-min" {
  const Plotly: {
    newPlot: (at: HTMLElement, data: object[], layout: object, config: object) => Promise<void>;
    relayout: (at: HTMLElement, change: object) => Promise<void>;
    restyle: (at: HTMLElement, change: object) => Promise<void>;
  };
  export default Plotly;
}
