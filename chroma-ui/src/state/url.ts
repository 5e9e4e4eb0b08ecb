/** Pure: the part of the view that a link restores, and one table of how the address writes each field. */
import { SCALES } from "../scatter/scale";
import type { Place } from "../scatter/viewpoint";
import { type Appearance, PLAIN, readAppearance, writeAppearance } from "./appearance";
import { AXES } from "./axis";
import { type Chart, readCharts, writeCharts } from "./charts";
import { readFilter, writeFilter } from "./filters";
import { type Layout, readLayout, writeLayout } from "./layout";
import { LINKS, type LinkName, MOST_PANES, readPane, writePane } from "./panes";
import { type Parameters, readParameters, writeParameters } from "./parameters";
import { readPlace, writePlace } from "./place";
import { readTable, type Table, writeTable } from "./table";

/** Name of a layout method; which there are says the server (`Run.methods`). */
export type Method = string;
const DEFAULT_METHOD: Method = "umap";

type Field<T> = {
  default: T;
  /** Reads the value from the address; the default where it is missing or invalid. */
  read: (query: URLSearchParams) => T;
  /** Adds the value to the address; nothing for the default. */
  write: (value: T, query: URLSearchParams) => void;
  /** Whether a change makes a new entry in the browser's history; else it replaces the address. */
  entry: boolean;
};

const field = <T>(fallback: T, read: Field<T>["read"], write: Field<T>["write"]): Field<T> => ({
  default: fallback,
  read,
  write,
  entry: false,
});

/** The same field, making history entries: the Back button undoes a change of it. */
const entry = <T>(of: Field<T>): Field<T> => ({ ...of, entry: true });

const text = (name: string): Field<string | null> =>
  field<string | null>(
    null,
    (query) => query.get(name),
    (value, query) => {
      if (value !== null) query.set(name, value);
    },
  );

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

const number = (name: string): Field<number | null> =>
  field<number | null>(
    null,
    (query) => wholeNumber(query.get(name)),
    (value, query) => {
      if (value !== null) query.set(name, String(value));
    },
  );

/** One of some names; the first of them is the default. */
const choice = <T extends string>(name: string, names: readonly T[]): Field<T> =>
  field(
    names[0],
    (query) => names.find((each) => each === query.get(name)) ?? names[0],
    (value, query) => {
      if (value !== names[0]) query.set(name, value);
    },
  );

const list = <T>(
  name: string,
  read: (text: string) => T | null,
  write: (value: T) => string,
  most = Number.POSITIVE_INFINITY,
): Field<T[]> =>
  field<T[]>(
    [],
    (query) =>
      query
        .getAll(name)
        .flatMap((text) => read(text) ?? [])
        .slice(0, most),
    (values, query) => {
      for (const value of values) query.append(name, write(value));
    },
  );

const texts = (name: string): Field<string[]> =>
  list(
    name,
    (value) => value,
    (value) => value,
  );

/** In the order of the address. */
export const FIELDS = {
  /** All runs are shown, not one. */
  home: entry(
    field(
      false,
      (query) => query.get("runs") === "all",
      (value, query) => {
        if (value) query.set("runs", "all");
      },
    ),
  ),
  /** The panes side by side; empty where one film is shown. */
  panes: entry(list("pane", readPane, writePane, MOST_PANES)),
  /** What the panes do not share. */
  free: field<LinkName[]>(
    [],
    (query) => LINKS.filter((name) => query.getAll("free").includes(name)),
    (names, query) => {
      for (const name of names) query.append("free", name);
    },
  ),
  /** Whether the other panes' points are turned, scaled and mirrored onto those of the first. */
  laid: field(
    false,
    (query) => query.get("laid") === "A",
    (value, query) => {
      if (value) query.set("laid", "A");
    },
  ),
  /** The pane whose neighbours the first one's are compared with. */
  against: field(
    1,
    (query) => wholeNumber(query.get("against")) || 1,
    (value, query) => {
      if (value !== 1) query.set("against", String(value));
    },
  ),
  run: entry(text("run")),
  layer: entry(text("layer")),
  split: entry(text("split")),
  method: entry(
    field<Method>(
      DEFAULT_METHOD,
      (query) => query.get("method")?.match(/^[a-z][a-z0-9-]*$/)?.[0] ?? DEFAULT_METHOD,
      (value, query) => {
        if (value !== DEFAULT_METHOD) query.set("method", value);
      },
    ),
  ),
  /** Of the method, those that differ from its defaults. */
  parameters: entry(
    field<Parameters>(
      [],
      (query) => readParameters(query.get("parameters")),
      (values, query) => {
        if (values.length) query.set("parameters", writeParameters(values));
      },
    ),
  ),
  /** The method by which the frame is shown in three dimensions; null: it is not. */
  orbit: entry(
    field<Method | null>(
      null,
      (query) => ["pca", "umap"].find((name) => name === query.get("orbit")) ?? null,
      (value, query) => {
        if (value) query.set("orbit", value);
      },
    ),
  ),
  /** What the frames run over. */
  over: entry(choice("over", AXES)),
  /** Over layers and runs: the layer, or the id of the run, of the frame shown; null for the last one. */
  at: text("at"),
  /** Over runs: ids of the runs beside `run`. */
  mates: entry(texts("with")),
  /** Over runs: the epoch each shows the last snapshot of; null for the last of all. */
  epoch: entry(number("epoch")),
  /** Id of a film of some samples only, which is shown; null shows all samples. */
  only: entry(text("only")),
  /** Global optimizer step of the frame shown, or of the layers shown; null follows the newest one. */
  step: number("step"),
  /** The column that colours the points. */
  colour: entry(
    field(
      "label",
      (query) => query.get("colour") ?? "label",
      (value, query) => {
        if (value !== "label") query.set("colour", value);
      },
    ),
  ),
  /** How the colours of numbers spread; `auto` by the shape of the numbers. */
  scale: choice("scale", ["auto", ...SCALES]),
  /** Names of the hidden categories of the colour column. */
  hidden: entry(texts("hide")),
  /** Position of the focused sample in its split. */
  sample: entry(number("sample")),
  /** Only points that pass all filters are drawn. */
  filters: entry(list("filter", readFilter, writeFilter)),
  /** The search whose samples stand out; null: none. */
  search: entry(text("search")),
  /** The selected samples: their positions in short form, or `@` and the name of a selection saved on the server. */
  selected: entry(text("selected")),
  /** The camera relative to the whole film; null sees all of it. */
  camera: field<Place | null>(
    null,
    (query) => readPlace(query.get("camera")),
    (value, query) => {
      if (value) query.set("camera", writePlace(value));
    },
  ),
  /** The panels that a person opened, the latest first; among them `chosen`, that of what was chosen last. */
  opened: texts("panel"),
  /** Where the panels are; null is the usual layout. */
  layout: field<Layout | null>(
    null,
    (query) => readLayout(query.get("layout")),
    (value, query) => {
      if (value) query.set("layout", writeLayout(value));
    },
  ),
  /** The columns and the order of the table; null are the usual ones. */
  table: field<Table | null>(
    null,
    (query) => readTable(query.get("table")),
    (value, query) => {
      if (value) query.set("table", writeTable(value));
    },
  ),
  /** The charts in their panel; null are the usual ones. */
  charts: field<readonly Chart[] | null>(
    null,
    (query) => readCharts(query.get("charts")),
    (value, query) => {
      if (value) query.set("charts", writeCharts(value));
    },
  ),
  /** Key of the finding that is open. */
  finding: text("finding"),
  appearance: field<Appearance>(PLAIN, readAppearance, writeAppearance),
};

export type View = { [Name in keyof typeof FIELDS]: (typeof FIELDS)[Name]["default"] };

const NAMES = Object.keys(FIELDS) as (keyof View)[];

/** The fields whose change is a new entry in the browser's history. */
export const ENTRIES = NAMES.filter((name) => FIELDS[name].entry);

function viewOf(pick: (field: Field<unknown>) => unknown): View {
  return Object.fromEntries(NAMES.map((name) => [name, pick(FIELDS[name] as Field<unknown>)])) as View;
}

export const DEFAULT_VIEW: View = viewOf((field) => field.default);

/** What a person likes, of any view. */
export type Liked = Pick<View, "appearance" | "layout" | "charts">;
const LIKED: Liked = { appearance: PLAIN, layout: null, charts: null };

/** The view of an address; one that names nothing to look at takes what a person likes. */
export function readView(search: string, liked: Liked = LIKED): View {
  const query = new URLSearchParams(search);
  const view = viewOf((field) => field.read(query));
  if (query.has("run") || query.has("pane")) return view;
  return {
    ...view,
    appearance: liked.appearance,
    layout: view.layout ?? liked.layout,
    charts: view.charts ?? liked.charts,
  };
}

/** The search string of a view; defaults are left out. */
export function writeView(view: View): string {
  const query = new URLSearchParams();
  for (const name of NAMES) (FIELDS[name] as Field<unknown>).write(view[name], query);
  const text = query.toString();
  return text ? `?${text}` : "";
}
