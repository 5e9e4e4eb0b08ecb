/** Charts are counted in a worker, one after the other: a million samples take a tenth of a second each. */
import type { Given, Model } from "./model";
import type { Counted } from "./modelWorker";

type Job = { given: Given; done: (model: Model) => void; failed: (problem: string) => void };

let worker: Worker | null = null;
let doing: Job | null = null;
let waiting: Job[] = [];

/** Counts a chart; returns what takes the order back, after which nothing is called. */
export function countChart(
  given: Given,
  done: (model: Model) => void,
  failed: (problem: string) => void,
): () => void {
  const job: Job = { given, done, failed };
  waiting.push(job);
  next();
  return () => {
    waiting = waiting.filter((other) => other !== job);
    job.done = job.failed = () => undefined;
  };
}

function next(): void {
  if (doing) return;
  doing = waiting.shift() ?? null;
  if (!doing) return;
  worker ??= started();
  worker.postMessage(doing.given);
}

function started(): Worker {
  const made = new Worker(new URL("./modelWorker.ts", import.meta.url), { type: "module" });
  made.onmessage = ({ data: { turned, rest } }: MessageEvent<Counted>) => {
    const job = doing;
    doing = null;
    next();
    if (!job) return;
    const { x, y } = job.given;
    job.done(turned && y ? { ...rest, x: y, y: x } : { ...rest, x, y });
  };
  made.onerror = (event) => {
    const job = doing;
    doing = worker = null;
    made.terminate();
    next();
    job?.failed(`The chart could not be counted: ${event.message || "its worker did not start"}`);
  };
  return made;
}
