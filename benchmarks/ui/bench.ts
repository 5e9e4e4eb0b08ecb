/** One renderer on one set of points: `?renderer=ours|regl&n=100000`. `run.py` calls `window.bench`. */
import type { Bench } from "./drawn";
import { pointsOf } from "./points";

declare global {
  interface Window {
    bench?: Bench;
  }
}

const query = new URLSearchParams(window.location.search);
const n = Number(query.get("n"));
const container = document.querySelector<HTMLElement>("#plot");
if (!container) throw new Error("the page has a plot");
const [first, second] = [pointsOf(n, 1), pointsOf(n, 2)];
const renderer = query.get("renderer") === "regl" ? await import("./regl") : await import("./ours");
window.bench = renderer.build(container, first, second);
