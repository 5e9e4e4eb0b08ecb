/** Draws a chart as SVG with Observable Plot, which is loaded with the panel. */
import * as Plot from "@observablehq/plot";
import { count, shortened } from "../lib/format";
import { type Axis, edgeOf } from "./axes";
import type { Model } from "./model";

export type Inks = {
  /** The colour of a name on the first or second axis; null is the accent. */
  ofName: (column: string, name: string) => string | null;
  /** The colour of a point, as on the canvas. */
  ofPoint: (i: number) => string;
};

export type Drawn = ReturnType<typeof Plot.plot>;

const ACCENT = "var(--accent)";
const REST = "var(--chart-rest)";
const LETTER = 6.4;
const LONGEST = 16;

const marginFor = (axis: Axis): number =>
  axis.kind === "names"
    ? 30 + LETTER * Math.min(LONGEST, Math.max(...axis.names.map(({ length }) => length), 1))
    : 52;

const scaleFor = (axis: Axis, title: string): Plot.ScaleOptions =>
  axis.kind === "names"
    ? {
        domain: axis.names,
        label: title,
        tickFormat: (name: string) => shortened(name, LONGEST),
        type: "band",
        padding: 0.12,
      }
    : {
        ...{ domain: [axis.low, axis.high], label: title, type: axis.log ? "log" : "linear" },
        tickFormat: axis.log ? "~g" : undefined,
      };

export function draw(model: Model, inks: Inks, size: { width: number; height: number }): Drawn {
  const { kind } = model;
  const parts = { bars, histogram, ecdf, box, scatter, heat }[kind](model, inks, size);
  const chart = Plot.plot({
    ...size,
    marginTop: 24,
    marginRight: 14,
    marginBottom: 36,
    className: "chroma-chart",
    style: { background: "none", fontFamily: "inherit", fontSize: "11px", overflow: "visible" },
    ...parts,
  });
  // What is read aloud are the fields laid over the marks, and the summary.
  for (const mark of chart.children) mark.setAttribute("aria-hidden", "true");
  chart.setAttribute("role", "group");
  return chart;
}

const samples = (title = "samples"): Plot.ScaleOptions => ({
  label: title,
  grid: true,
  nice: true,
  ticks: 5,
});

function bars({ x, xAxis, fields }: Model, inks: Inks): Plot.PlotOptions {
  if (xAxis.kind !== "names") return {};
  const rows = xAxis.names.map((name, at) => ({ name, whole: fields.whole[at], kept: fields.kept[at] }));
  return {
    marginLeft: marginFor(xAxis),
    x: samples(),
    y: scaleFor(xAxis, x.title),
    marks: [
      Plot.barX(rows, { y: "name", x: "whole", fill: REST }),
      Plot.barX(rows, {
        y: "name",
        x: "kept",
        fill: (row: { name: string }) => inks.ofName(x.name, row.name) ?? ACCENT,
      }),
      Plot.ruleX([0], { stroke: "var(--line-strong)" }),
    ],
  };
}

function histogram({ x, xAxis, fields }: Model): Plot.PlotOptions {
  if (xAxis.kind !== "numbers") return {};
  const rows = Array.from(fields.whole, (whole, bin) => ({
    ...{ from: edgeOf(xAxis, bin), to: edgeOf(xAxis, bin + 1) },
    ...{ whole, kept: fields.kept[bin] },
  }));
  const bar = { x1: "from", x2: "to", insetLeft: 0.5, insetRight: 0.5 };
  return {
    marginLeft: 52,
    x: scaleFor(xAxis, x.title),
    y: samples(),
    marks: [
      Plot.rectY(rows, { ...bar, y: "whole", fill: REST }),
      Plot.rectY(rows, { ...bar, y: "kept", fill: ACCENT }),
      Plot.ruleY([0], { stroke: "var(--line-strong)" }),
    ],
  };
}

function ecdf({ x, y, xAxis, lines }: Model, inks: Inks): Plot.PlotOptions {
  return {
    marginLeft: 52,
    x: scaleFor(xAxis, x.title),
    y: { label: "share of samples", domain: [0, 1], grid: true, ticks: 5, tickFormat: "%" },
    marks: (lines ?? []).map((line) =>
      Plot.line(line.share, {
        ...{ x: line.x, y: line.share, strokeWidth: 1.6, curve: "step-after" },
        stroke: line.kept ? ((y && inks.ofName(y.name, line.name)) ?? ACCENT) : REST,
      }),
    ),
  };
}

function box({ x, y, xAxis, yAxis, boxes }: Model, inks: Inks): Plot.PlotOptions {
  if (!y || yAxis?.kind !== "names" || !boxes) return {};
  const rows = (of: (readonly number[] | null)[]) =>
    of.flatMap((values, at) => (values ? [{ name: yAxis.names[at], at: values }] : []));
  type Row = ReturnType<typeof rows>[number];
  const marks = (of: Row[], ink: (row: Row) => string, inset: number) => [
    Plot.ruleY(of, { y: "name", x1: (row: Row) => row.at[0], x2: (row: Row) => row.at[4], stroke: ink }),
    Plot.barX(of, {
      ...{
        y: "name",
        x1: (row: Row) => row.at[1],
        x2: (row: Row) => row.at[3],
        insetTop: inset,
        insetBottom: inset,
      },
      fill: ink,
    }),
    Plot.tickX(of, {
      ...{ y: "name", x: (row: Row) => row.at[2], strokeWidth: 2, insetTop: inset, insetBottom: inset },
      stroke: "var(--surface)",
    }),
  ];
  return {
    marginLeft: marginFor(yAxis),
    x: { ...scaleFor(xAxis, x.title), grid: true },
    y: scaleFor(yAxis, y.title),
    marks: [
      ...marks(rows(boxes.whole), () => REST, 0),
      ...marks(rows(boxes.kept), ({ name }) => inks.ofName(y.name, name) ?? ACCENT, 2),
    ],
  };
}

function scatter({ x, y, xAxis, yAxis, dots }: Model, inks: Inks): Plot.PlotOptions {
  if (x.values.kind !== "numeric" || y?.values.kind !== "numeric" || !yAxis || !dots) return {};
  const [across, up] = [x.values.values, y.values.values];
  const at = { x: (i: number) => across[i], y: (i: number) => up[i], r: 2 };
  return {
    marginLeft: 52,
    x: { ...scaleFor(xAxis, x.title), grid: true },
    y: { ...scaleFor(yAxis, y.title), grid: true },
    marks: [
      Plot.dot(dots.others, { ...at, fill: REST }),
      Plot.dot(dots.kept, { ...at, fill: inks.ofPoint, fillOpacity: 0.8 }),
    ],
  };
}

/** Cells with fewer columns and rows than this carry their numbers. */
const MOST_NUMBERS = 12;

function heat(
  { x, y, xAxis, yAxis, fields }: Model,
  _: Inks,
  { height }: { height: number },
): Plot.PlotOptions {
  if (!y || !yAxis) return {};
  const most = fields.kept.reduce((best, each) => Math.max(best, each), 1);
  const cells = Array.from(fields.whole, (whole, field) => ({
    ...{ bx: field % fields.nx, by: Math.floor(field / fields.nx), whole, kept: fields.kept[field] },
  })).filter(({ whole }) => whole > 0);
  type Cell = (typeof cells)[number];
  const side = (axis: Axis, bin: (cell: Cell) => number, name: "x" | "y") =>
    axis.kind === "names"
      ? { [name]: (cell: Cell) => axis.names[bin(cell)] }
      : {
          [`${name}1`]: (cell: Cell) => edgeOf(axis, bin(cell)),
          [`${name}2`]: (cell: Cell) => edgeOf(axis, bin(cell) + 1),
        };
  const place = { ...side(xAxis, ({ bx }) => bx, "x"), ...side(yAxis, ({ by }) => by, "y"), inset: 0.5 };
  const named = xAxis.kind === "names" && yAxis.kind === "names";
  const mark = (of: Cell[], options: Plot.RectOptions) =>
    named
      ? Plot.cell(of, { ...place, ...options } as Plot.CellOptions)
      : xAxis.kind === "names"
        ? Plot.barY(of, { ...place, ...options } as Plot.BarYOptions)
        : yAxis.kind === "names"
          ? Plot.barX(of, { ...place, ...options } as Plot.BarXOptions)
          : Plot.rect(of, { ...place, ...options });
  const numbered = named && fields.nx <= MOST_NUMBERS && fields.ny <= MOST_NUMBERS && height / fields.ny > 14;
  return {
    marginLeft: marginFor(yAxis),
    x: scaleFor(xAxis, x.title),
    y: scaleFor(yAxis, y.title),
    marks: [
      mark(cells, { fill: REST, fillOpacity: 0.5 }),
      mark(
        cells.filter(({ kept }) => kept > 0),
        { fill: ACCENT, fillOpacity: ({ kept }: Cell) => 0.14 + 0.86 * Math.sqrt(kept / most) },
      ),
      ...(numbered
        ? [
            Plot.text(
              cells.filter(({ kept }) => kept > 0),
              {
                ...{
                  ...place,
                  inset: undefined,
                  text: ({ kept }: Cell) => count(kept),
                  pointerEvents: "none",
                },
                ...{ fill: "var(--text)", stroke: "var(--surface)", strokeWidth: 2.5, fontSize: 10 },
              } as Plot.TextOptions,
            ),
          ]
        : []),
    ],
  };
}
