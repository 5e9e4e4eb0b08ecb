/** Pure: what the table shows, and how the address writes it. */

export type SortKey = { column: string; descending: boolean };
export type Table = {
  /** Widths in CSS pixels; null is the usual one. */
  columns: readonly { name: string; width: number | null }[];
  /** The first decides, the next ones where it is equal. */
  sort: readonly SortKey[];
};

export const LEAST_WIDTH = 48;
const GREATEST_WIDTH = 800;
const MOST_COLUMNS = 60;
const MOST_KEYS = 5;

export const clampWidth = (width: number): number =>
  Math.round(Math.min(GREATEST_WIDTH, Math.max(LEAST_WIDTH, width)));

/** [[name or [name, width], …], [name or -name, …]] as JSON. */
export const writeTable = ({ columns, sort }: Table): string =>
  JSON.stringify([
    columns.map(({ name, width }) => (width === null ? name : [name, width])),
    sort.map(({ column, descending }) => [column, descending ? 1 : 0]),
  ]);

export function readTable(text: string | null): Table | null {
  let parts: unknown;
  try {
    parts = JSON.parse(text ?? "");
  } catch {
    return null;
  }
  if (!Array.isArray(parts) || !parts.every(Array.isArray) || parts.length !== 2) return null;
  const columns = (parts[0] as unknown[]).flatMap((part) => {
    const [name, width] = Array.isArray(part) ? (part as unknown[]) : [part, null];
    if (typeof name !== "string") return [];
    return [{ name, width: typeof width === "number" ? clampWidth(width) : null }];
  });
  const sort = (parts[1] as unknown[]).flatMap((part) =>
    Array.isArray(part) && typeof part[0] === "string"
      ? [{ column: part[0], descending: part[1] === 1 }]
      : [],
  );
  return { columns: columns.slice(0, MOST_COLUMNS), sort: sort.slice(0, MOST_KEYS) };
}

/** Sorts by a column, then the other way, then no longer by it; with `more` the columns before it still decide first. */
export function sortedBy(sort: readonly SortKey[], column: string, more: boolean): SortKey[] {
  const at = sort.findIndex((key) => key.column === column);
  const now = at < 0 ? null : sort[at];
  const next =
    now === null ? { column, descending: false } : now.descending ? null : { column, descending: true };
  if (!more) return next ? [next] : [];
  if (now === null) return [...sort, { column, descending: false }].slice(-MOST_KEYS);
  return sort.flatMap((key, order) => (order === at ? (next ?? []) : key));
}
