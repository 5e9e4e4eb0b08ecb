/** Counts charts beside the page: see `count.ts`. */
import { type Given, type Model, modelOf } from "./model";

/** The columns stay with the page; `turned`: its second one is the model's first. */
export type Counted = { turned: boolean; rest: Omit<Model, "x" | "y"> };

self.onmessage = ({ data }: MessageEvent<Given>) => {
  const { x, y: _, ...rest } = modelOf(data);
  const counted: Counted = { turned: x !== data.x, rest };
  const { xBins, yBins } = rest;
  self.postMessage(counted, { transfer: yBins ? [xBins.buffer, yBins.buffer] : [xBins.buffer] });
};
