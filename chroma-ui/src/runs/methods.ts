/** Pure: layout methods available for a layer and a split. */
import type { Method } from "../state/url";
import type { RunDetail } from "./run";
import { splitsOf } from "./splits";

type Drawable = Pick<RunDetail, "snapshots" | "coordinates" | "methods" | "splits" | "jointSplits">;

/** Whether the user logged coordinates of a layer and a split. */
export const hasLogged = (run: Pick<RunDetail, "coordinates">, layer: string, split: string): boolean =>
  run.coordinates.some((logged) => logged.layer === layer && logged.split === split);

/** A method by which films of a layer and a split can be drawn, now or once its package is installed. */
export type Offered = RunDetail["methods"][number];

/** The methods that can draw them, in the order they are offered, also those that are not installed. */
export function offeredFor(run: Drawable, layer: string, split: string) {
  const captured = splitsOf(run, split).every((name) =>
    run.snapshots.some((taken) => taken.layer === layer && taken.split === name && taken.status !== "OPEN"),
  );
  const logged = hasLogged(run, layer, split);
  return run.methods.filter(({ name }) => (name === "logged" ? logged : captured));
}

/** The installed ones, as choices. */
export const methodsFor = (run: Drawable, layer: string, split: string) =>
  offeredFor(run, layer, split)
    .filter(({ installed }) => installed)
    .map(({ name, title, description }) => ({ value: name, name: title, title: description }));

/** The requested method where it is available, else UMAP, else the first available one. */
export function pickMethod(run: Drawable, layer: string, split: string, wanted: Method): Method | null {
  const there = methodsFor(run, layer, split).map(({ value }) => value);
  return [wanted, "umap"].find((name) => there.includes(name)) ?? there[0] ?? null;
}
