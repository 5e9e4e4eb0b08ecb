/** Pure: layout methods available for a layer and a split. */
import type { Method } from "../state/url";
import type { RunDetail } from "./run";

type Drawable = Pick<RunDetail, "snapshots" | "coordinates" | "methods">;

/** Whether the user logged coordinates of a layer and a split. */
export const hasLogged = (run: Pick<RunDetail, "coordinates">, layer: string, split: string): boolean =>
  run.coordinates.some((logged) => logged.layer === layer && logged.split === split);

/** The available methods, in the order they are offered. */
export function methodsFor(run: Drawable, layer: string, split: string) {
  const captured = run.snapshots.some(
    (taken) => taken.layer === layer && taken.split === split && taken.status !== "OPEN",
  );
  const logged = hasLogged(run, layer, split);
  return run.methods
    .filter(({ name, installed }) => installed && (name === "logged" ? logged : captured))
    .map(({ name, title, description }) => ({ value: name, name: title, title: description }));
}

/** The requested method where it is available, else UMAP, else the first available one. */
export function pickMethod(run: Drawable, layer: string, split: string, wanted: Method): Method | null {
  const there = methodsFor(run, layer, split).map(({ value }) => value);
  return [wanted, "umap"].find((name) => there.includes(name)) ?? there[0] ?? null;
}
