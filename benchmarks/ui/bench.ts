/** One renderer on one set of points: `?renderer=ours|webgl|regl|plotly&n=100000`; draws them, then waits for `run.py`. */
import type { Bench } from "./drawn";
import { pointsOf } from "./points";

declare global {
  interface Window {
    bench?: Bench;
    /** All points stand on the canvas. */
    opened?: boolean;
  }
}

/** Has ours take this machine's WebGL for that of a graphics card. */
function pretendCard(): void {
  const real = WebGL2RenderingContext.prototype.getParameter;
  WebGL2RenderingContext.prototype.getParameter = function (this: WebGL2RenderingContext, name: number) {
    return name === 37446 ? "a graphics card" : real.call(this, name);
  };
}

const BUILDERS = {
  ours: () => import("./ours"),
  webgl: () => {
    pretendCard();
    return import("./ours");
  },
  regl: () => import("./regl"),
  plotly: () => import("./plotly"),
};

const query = new URLSearchParams(window.location.search);
const n = Number(query.get("n"));
const container = document.querySelector<HTMLElement>("#plot");
if (!container) throw new Error("the page has a plot");
const wanted = query.get("renderer") as keyof typeof BUILDERS;
const [{ build }, first] = await Promise.all([BUILDERS[wanted](), pointsOf(n, 1)]);
const bench = build(container, first, () => pointsOf(n, 2));
await bench.open();
window.bench = bench;
window.opened = true;
