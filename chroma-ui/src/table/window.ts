/**
 * Pure: which rows of a long list are in sight. All rows are of one height, so that a division finds them. Browsers lay
 * out no element taller than some 17 million pixels: above `TALLEST`, a scrolled pixel stands for several.
 */
export const TALLEST = 12_000_000;
/** Rows rendered above and below those in sight. */
const SPARE = 4;

export type RowWindow = {
  /** Of the scrolled element, in CSS pixels. */
  height: number;
  /** The rows from `first` to before `last`. */
  first: number;
  last: number;
  /** What a row's place, `rise` times its number, is moved by. */
  shift: number;
};

export function windowAt(rows: number, rise: number, top: number, room: number): RowWindow {
  const whole = rows * rise;
  const height = Math.min(whole, TALLEST);
  const scrolled = Math.min(Math.max(0, top), Math.max(0, height - room));
  const at = height === whole ? scrolled : (scrolled / (height - room)) * (whole - room);
  return {
    height,
    first: Math.max(0, Math.floor(at / rise) - SPARE),
    last: Math.min(rows, Math.ceil((at + room) / rise) + SPARE),
    shift: scrolled - at,
  };
}

/** Where to scroll to so that a row is in sight; the present place where it is. */
export function topFor(row: number, rows: number, rise: number, top: number, room: number): number {
  const whole = rows * rise;
  const height = Math.min(whole, TALLEST);
  const factor = height === whole ? 1 : (whole - room) / (height - room);
  const at = top * factor;
  const wanted = row * rise < at ? row * rise : Math.max(at, (row + 1) * rise - room);
  return wanted === at ? top : Math.max(0, wanted / factor);
}
