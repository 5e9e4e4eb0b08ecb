/** Pure: which charts stand in the panel of charts, and how the address writes them. */

export const KINDS = ["bars", "histogram", "ecdf", "box", "scatter", "heat"] as const;
export type ChartKind = (typeof KINDS)[number];

export type Chart = {
  x: string;
  /** The second column; null where one alone is drawn. */
  y: string | null;
  /** null: by the types of the columns. */
  kind: ChartKind | null;
  /** The axes with a logarithmic scale. */
  log: readonly ("x" | "y")[];
};

export const MOST_CHARTS = 12;

/** [[x, y, kind, log], …] as JSON; what is not chosen at the end of each is left out. */
export const writeCharts = (charts: readonly Chart[]): string =>
  JSON.stringify(
    charts.map(({ x, y, kind, log }) => {
      const parts = [x, y ?? "", kind ?? "", log.join("")];
      while (parts[parts.length - 1] === "") parts.pop();
      return parts;
    }),
  );

export function readCharts(text: string | null): Chart[] | null {
  let parts: unknown;
  try {
    parts = JSON.parse(text ?? "");
  } catch {
    return null;
  }
  if (!Array.isArray(parts)) return null;
  const charts = parts.flatMap((part: unknown) => {
    if (!Array.isArray(part) || !part.every((each) => typeof each === "string") || !part[0]) return [];
    const [x, y = "", kind = "", log = ""] = part as string[];
    return [
      {
        ...{ x, y: y || null, kind: KINDS.find((each) => each === kind) ?? null },
        log: (["x", "y"] as const).filter((axis) => log.includes(axis)),
      },
    ];
  });
  return charts.slice(0, MOST_CHARTS);
}
