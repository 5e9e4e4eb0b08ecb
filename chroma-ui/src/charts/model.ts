/** Pure: everything that a chart draws and says, counted from the columns. Typed arrays, one pass each. */
import type { ColumnValues } from "../api/bytes";
import { count, decimal, percent } from "../lib/format";
import type { ChartKind } from "../state/charts";
import { type Axis, axisOf, binsOf, edgeOf, NO_BIN, type NumberAxis, sizeOf } from "./axes";
import { quantilesOf } from "./quantiles";

export type Side = { name: string; title: string; values: ColumnValues };

/** A field of the chart that can be clicked: a bar, a box, a cell. Numbers count samples. */
export type Fields = { nx: number; ny: number; whole: Uint32Array; kept: Uint32Array };

/** 5th percentile, quartiles, 95th percentile. */
export type Box = readonly number[];
export type Line = { name: string; kept: boolean; x: Float64Array; share: Float64Array };

export type Model = {
  kind: ChartKind;
  x: Side;
  y: Side | null;
  xAxis: Axis;
  /** null where the other direction counts samples. */
  yAxis: Axis | null;
  xBins: Uint16Array;
  yBins: Uint16Array | null;
  fields: Fields;
  /** By category of `xAxis`: of all samples, and of those that pass the filters. */
  boxes: { whole: (Box | null)[]; kept: (Box | null)[] } | null;
  lines: Line[] | null;
  /** Points of a scatter: those that pass the filters, and a part of the others. */
  dots: { kept: Uint32Array; others: Uint32Array } | null;
  /** Samples in the chart, and of them those that pass the filters. */
  placed: number;
  passing: number;
  /** What is not shown, each a sentence; none if all is. */
  notes: string[];
};

export const SHARES = [0.05, 0.25, 0.5, 0.75, 0.95] as const;
const MOST_BARS = 40;
const MOST_BOXES = 24;
const MOST_LINES = 10;
const BINS = 40;
/** A scatter is clicked and brushed in fields of this number a side. */
const SCATTER_FIELDS = 24;
const HEAT_BINS = 24;
/** Points of an ECDF's line: about one for each pixel. */
const STEPS = 512;
const MOST_DOTS = 3_000;
const MOST_OTHERS = 1_500;

export type Given = {
  kind: ChartKind;
  x: Side;
  y: Side | null;
  log: readonly ("x" | "y")[];
  /** 1 for points in the frame, and for those of them that pass all filters. */
  present: Uint8Array;
  kept: Uint8Array;
};

export function modelOf(given: Given): Model {
  const { kind, present, kept } = given;
  // Boxes and lines by category: the numbers are the first side, the categories the second.
  const turned = (kind === "box" || kind === "ecdf") && given.x.values.kind === "categorical" && given.y;
  const [x, y] = turned && given.y ? [given.y, given.x] : [given.x, given.y];
  const isLog = (side: Side) => given.log.includes(side === given.x ? "x" : "y");
  const most = { bars: MOST_BARS, heat: MOST_BARS, box: MOST_BOXES, ecdf: MOST_LINES }[kind as string] ?? 0;
  const bins = kind === "scatter" ? SCATTER_FIELDS : kind === "heat" ? HEAT_BINS : BINS;
  const axis = (side: Side) => axisOf(side.values, present, { most, bins, log: isLog(side) });
  const xAxis = axis(x);
  const yAxis = y ? axis(y) : null;
  const xBins = binsOf(x.values, present, xAxis);
  const yBins = y && yAxis ? binsOf(y.values, present, yAxis) : null;
  const onGrid = kind === "scatter" || kind === "heat";
  const fields =
    kind === "box" && yBins && yAxis
      ? tally(yBins, null, xBins, sizeOf(yAxis), 1, kept)
      : tally(xBins, onGrid ? yBins : null, yBins, sizeOf(xAxis), onGrid && yAxis ? sizeOf(yAxis) : 1, kept);
  const placed = fields.whole.reduce((sum, each) => sum + each, 0);
  const passing = fields.kept.reduce((sum, each) => sum + each, 0);
  const dots = kind === "scatter" && yBins ? dotsOf(xBins, yBins, kept, passing, placed) : null;
  return {
    ...{ kind, x, y, xAxis, yAxis, xBins, yBins, fields, dots, placed, passing },
    boxes: kind === "box" && y && yAxis && yBins ? boxesOf(x, xBins, yBins, sizeOf(yAxis), kept) : null,
    lines: kind === "ecdf" ? linesOf(x, xAxis as NumberAxis, present, kept, yAxis, yBins) : null,
    notes: notesOf({ x, y, xAxis, yAxis, dots, whole: placed }),
  };
}

/** Counts samples by field; those without a bin in any of the arrays are not counted. */
function tally(
  first: Uint16Array,
  second: Uint16Array | null,
  also: Uint16Array | null,
  nx: number,
  ny: number,
  kept: Uint8Array,
): Fields {
  const [whole, passing] = [new Uint32Array(nx * ny), new Uint32Array(nx * ny)];
  for (let i = 0; i < first.length; i++) {
    if (first[i] === NO_BIN || (also && also[i] === NO_BIN)) continue;
    const field = second ? second[i] * nx + first[i] : first[i];
    whole[field]++;
    passing[field] += kept[i];
  }
  return { nx, ny, whole, kept: passing };
}

function boxesOf(x: Side, xBins: Uint16Array, groups: Uint16Array, n: number, kept: Uint8Array) {
  if (x.values.kind !== "numeric") return null;
  const { values } = x.values;
  // What a log scale cannot show is in no box.
  const shown = groups.slice();
  for (let i = 0; i < shown.length; i++) if (xBins[i] === NO_BIN) shown[i] = NO_BIN;
  const whole = quantilesOf(values, shown, n, SHARES);
  let filtered = false;
  for (let i = 0; i < shown.length; i++) {
    if (kept[i] || shown[i] === NO_BIN) continue;
    shown[i] = NO_BIN;
    filtered = true;
  }
  return { whole, kept: filtered ? quantilesOf(values, shown, n, SHARES) : whole };
}

function linesOf(
  x: Side,
  axis: NumberAxis,
  present: Uint8Array,
  kept: Uint8Array,
  yAxis: Axis | null,
  groups: Uint16Array | null,
): Line[] {
  const fine: NumberAxis = { ...axis, bins: axis.bins === BINS ? STEPS : axis.bins };
  const bins = binsOf(x.values, present, fine);
  const ny = groups && yAxis ? sizeOf(yAxis) : 1;
  const counted = tally(bins, groups, null, fine.bins, ny, kept);
  const edges = Float64Array.from({ length: fine.bins + 1 }, (_, bin) => edgeOf(fine, bin));
  const line = (name: string, passing: boolean, counts: Uint32Array): Line[] => {
    const share = new Float64Array(counts.length + 1);
    counts.forEach((each, at) => {
      share[at + 1] = share[at] + each;
    });
    const all = share[counts.length];
    return all ? [{ name, kept: passing, x: edges, share: share.map((each) => each / all) }] : [];
  };
  if (groups && yAxis?.kind === "names")
    return yAxis.names.flatMap((name, group) =>
      line(name, true, counted.kept.subarray(group * fine.bins, (group + 1) * fine.bins)),
    );
  const filtered = counted.kept.some((each, at) => each !== counted.whole[at]);
  return [
    ...(filtered ? line("all", false, counted.whole) : []),
    ...line(filtered ? "filtered" : "all", true, counted.kept),
  ];
}

/** An even part of the points where there are too many. */
function dotsOf(xBins: Uint16Array, yBins: Uint16Array, kept: Uint8Array, passing: number, placed: number) {
  const among = (wanted: number, n: number, most: number) => {
    const chosen = new Uint32Array(Math.min(n, most));
    const stride = n / chosen.length;
    let [seen, next] = [0, 0];
    for (let i = 0; i < xBins.length && next < chosen.length; i++) {
      if (kept[i] !== wanted || xBins[i] === NO_BIN || yBins[i] === NO_BIN) continue;
      if (seen++ >= next * stride) chosen[next++] = i;
    }
    return chosen.subarray(0, next);
  };
  return { kept: among(1, passing, MOST_DOTS), others: among(0, placed - passing, MOST_OTHERS) };
}

function notesOf(of: {
  x: Side;
  y: Side | null;
  xAxis: Axis;
  yAxis: Axis | null;
  dots: Model["dots"];
  whole: number;
}): string[] {
  const about = (side: Side | null, axis: Axis | null) => {
    if (!side || !axis) return [];
    const cut = axis.kind === "names" && axis.names.length < axis.of;
    return [
      ...(axis.missing ? [`${count(axis.missing)} have no ${side.title}`] : []),
      ...(cut
        ? [`only the ${count(axis.names.length)} most frequent of ${count(axis.of)} values of ${side.title}`]
        : []),
      ...(axis.kind === "numbers" && axis.unfit
        ? [`${count(axis.unfit)} have a ${side.title} not above 0, which a log scale cannot show`]
        : []),
    ];
  };
  const dots = of.dots ? of.dots.kept.length + of.dots.others.length : of.whole;
  return [
    ...about(of.x, of.xAxis),
    ...about(of.y, of.yAxis),
    ...(dots < of.whole ? [`${count(dots)} of ${count(of.whole)} points drawn, evenly chosen`] : []),
  ];
}

const rangeText = (axis: NumberAxis, bin: number): string =>
  axis.bins === axis.high - axis.low && Number.isInteger(axis.low + 0.5)
    ? decimal(edgeOf(axis, bin) + 0.5, 0)
    : `${decimal(edgeOf(axis, bin))} to ${decimal(edgeOf(axis, bin + 1))}`;

const binText = (axis: Axis, bin: number): string =>
  axis.kind === "names" ? axis.names[bin] : rangeText(axis, bin);

/** What a field is called, with its numbers. */
export function fieldText({ kind, x, y, xAxis, yAxis, fields, boxes, lines }: Model, field: number): string {
  const [bx, by] = [field % fields.nx, Math.floor(field / fields.nx)];
  const [whole, kept] = [fields.whole[field], fields.kept[field]];
  const counted =
    kept === whole ? `${count(whole)} samples` : `${count(kept)} of ${count(whole)} samples pass the filters`;
  if (kind === "box" && y && yAxis && boxes) {
    const box = boxes.kept[bx];
    const median = box
      ? `; median ${x.title} ${decimal(box[2])}, quartiles ${decimal(box[1])} and ${decimal(box[3])}`
      : "";
    return `${y.title} ${binText(yAxis, bx)}: ${counted}${median}`;
  }
  const where = `${x.title} ${binText(xAxis, bx)}`;
  if (kind === "ecdf" && lines && xAxis.kind === "numbers") {
    const own = lines.find((line) => line.kept);
    const at = own ? own.share[Math.round(((bx + 1) / fields.nx) * (own.share.length - 1))] : null;
    const share = at !== null && lines.length <= 2 ? `: ${percent(at)} are at most that` : "";
    return `${x.title} up to ${decimal(edgeOf(xAxis, bx + 1))}${share}`;
  }
  return y && yAxis && fields.ny > 1
    ? `${where}, ${y.title} ${binText(yAxis, by)}: ${counted}`
    : `${where}: ${counted}`;
}

/** The chart in a sentence or two, for those who do not see it. */
export function summaryOf(model: Model): string {
  const { kind, x, y, xAxis, yAxis, fields, passing, placed } = model;
  const seen = `${count(passing)} of ${count(placed)} samples pass the filters.`;
  if (passing === 0) return seen;
  if (kind === "box" && y && yAxis) {
    const medians = (model.boxes?.kept ?? []).flatMap((box, group) => (box ? [{ group, at: box[2] }] : []));
    const sorted = medians.sort((a, b) => a.at - b.at);
    const [low, high] = [sorted[0], sorted[sorted.length - 1]];
    const ends = high
      ? ` Median ${x.title}: from ${decimal(low.at)} (${binText(yAxis, low.group)}) to ${decimal(high.at)} (${binText(yAxis, high.group)}).`
      : "";
    return `${seen}${ends}`;
  }
  const largest = fields.kept.reduce((best, each, at) => (each > fields.kept[best] ? at : best), 0);
  const span =
    xAxis.kind === "numbers" ? ` ${x.title} from ${decimal(xAxis.low)} to ${decimal(xAxis.high)}.` : "";
  return `${seen}${span}${kind === "ecdf" ? "" : ` Most in ${fieldText(model, largest)}.`}`;
}
