/** Pure: layout methods available for a layer and a split. */
import type { Method } from "../state/url";
import type { RunDetail } from "./run";

const METHODS: readonly { value: Method; name: string; title: string }[] = [
  { value: "pca", name: "PCA", title: "Principal components: a linear view, ready at once" },
  { value: "umap", name: "UMAP", title: "Shows neighbourhoods; frames are aligned with each other" },
  { value: "logged", name: "Logged", title: "The coordinates that you logged, unchanged" },
];

type Drawable = Pick<RunDetail, "snapshots" | "coordinates">;

/** Whether the user logged coordinates of a layer and a split. */
export const hasLogged = (run: Drawable, layer: string, split: string): boolean =>
  run.coordinates.some((logged) => logged.layer === layer && logged.split === split);

/** The available methods, in the order they are offered. */
export function methodsFor(run: Drawable, layer: string, split: string) {
  const captured = run.snapshots.some(
    (taken) => taken.layer === layer && taken.split === split && taken.status !== "OPEN",
  );
  const logged = hasLogged(run, layer, split);
  return METHODS.filter(({ value }) => (value === "logged" ? logged : captured));
}

/** The requested method where it is available, else UMAP, else the first available one. */
export function pickMethod(run: Drawable, layer: string, split: string, wanted: Method): Method | null {
  const there = methodsFor(run, layer, split).map(({ value }) => value);
  return [wanted, "umap" as const].find((name) => there.includes(name)) ?? there[0] ?? null;
}
