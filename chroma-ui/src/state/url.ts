import type { Place } from "../scatter/viewpoint";
import { type Axis, readAxis } from "./axis";
import { type Filter, readFilter, writeFilter } from "./filters";
import { type Look, PLAIN, readLook, writeLook } from "./look";
import { LINKS, type LinkName, MOST_PANES, type Pane, readPane, writePane } from "./panes";
import { readPlace, writePlace } from "./place";

/** The part of the view that a link restores, and how it stands in the address. */
export const METHODS = ["umap", "pca", "logged"] as const;
export type Method = (typeof METHODS)[number];

export type View = {
  /** All runs are shown, not one. */
  home: boolean;
  /** What stands side by side; none where one film is shown. */
  panes: Pane[];
  /** What moves in each pane on its own. */
  free: LinkName[];
  /** The pane whose neighbours the first one's are compared with. */
  against: number;
  run: string | null;
  layer: string | null;
  split: string | null;
  method: Method;
  /** What the frames run over. */
  over: Axis;
  /** Over layers and runs: the layer, or the id of the run, of the frame shown; null for the last one. */
  at: string | null;
  /** Over runs: ids of the runs beside `run`. */
  mates: string[];
  /** Over runs: the epoch each shows the last snapshot of; null for the last of all. */
  epoch: number | null;
  /** Id of a film whose picked samples alone are shown; null shows all. */
  only: string | null;
  /** Global optimizer step of the frame shown, or of the layers shown; null follows the newest one. */
  step: number | null;
  colour: string;
  /** Names of the hidden categories of the colour column. */
  hidden: string[];
  /** Position of the focused sample in its split. */
  sample: number | null;
  /** The selected samples, written by their positions, or `@` and the name they are kept under. */
  selected: string | null;
  /** Only points that pass all of them are drawn. */
  filters: Filter[];
  /** Where the camera is, against the whole film; null sees all of it. */
  camera: Place | null;
  look: Look;
};

export const START: View = {
  home: false,
  panes: [],
  free: [],
  against: 1,
  run: null,
  layer: null,
  split: null,
  method: "umap",
  over: "epochs",
  at: null,
  mates: [],
  epoch: null,
  only: null,
  step: null,
  colour: "label",
  hidden: [],
  sample: null,
  selected: null,
  filters: [],
  camera: null,
  look: PLAIN,
};

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** An address that names nothing to look at is looked at as the person likes. */
const isBare = (query: URLSearchParams): boolean => !query.has("run") && !query.has("pane");

export function readView(search: string, liked: Look = PLAIN): View {
  const query = new URLSearchParams(search);
  return {
    home: query.get("runs") === "all",
    panes: query
      .getAll("pane")
      .flatMap((text) => readPane(text) ?? [])
      .slice(0, MOST_PANES),
    free: LINKS.filter((name) => query.getAll("free").includes(name)),
    against: wholeNumber(query.get("against")) || START.against,
    run: query.get("run"),
    layer: query.get("layer"),
    split: query.get("split"),
    method: METHODS.find((name) => name === query.get("method")) ?? START.method,
    over: readAxis(query.get("over")),
    at: query.get("at"),
    mates: query.getAll("with"),
    epoch: wholeNumber(query.get("epoch")),
    only: query.get("only"),
    step: wholeNumber(query.get("step")),
    colour: query.get("colour") ?? START.colour,
    hidden: query.getAll("hide"),
    sample: wholeNumber(query.get("sample")),
    selected: query.get("selected"),
    filters: query.getAll("filter").flatMap((text) => readFilter(text) ?? []),
    camera: readPlace(query.get("camera")),
    look: isBare(query) ? liked : readLook(query),
  };
}

/** The search string of a view; what is as at the start is left out. */
export function writeView(view: View): string {
  const query = new URLSearchParams();
  if (view.home) query.set("runs", "all");
  for (const pane of view.panes) query.append("pane", writePane(pane));
  for (const name of view.free) query.append("free", name);
  if (view.against !== START.against) query.set("against", String(view.against));
  if (view.run !== null) query.set("run", view.run);
  if (view.layer !== null) query.set("layer", view.layer);
  if (view.split !== null) query.set("split", view.split);
  if (view.method !== START.method) query.set("method", view.method);
  if (view.over !== START.over) query.set("over", view.over);
  if (view.at !== null) query.set("at", view.at);
  for (const id of view.mates) query.append("with", id);
  if (view.epoch !== null) query.set("epoch", String(view.epoch));
  if (view.only !== null) query.set("only", view.only);
  if (view.step !== null) query.set("step", String(view.step));
  if (view.colour !== START.colour) query.set("colour", view.colour);
  for (const name of view.hidden) query.append("hide", name);
  if (view.sample !== null) query.set("sample", String(view.sample));
  for (const filter of view.filters) query.append("filter", writeFilter(filter));
  if (view.selected !== null) query.set("selected", view.selected);
  if (view.camera) query.set("camera", writePlace(view.camera));
  writeLook(view.look, query);
  const text = query.toString();
  return text ? `?${text}` : "";
}
