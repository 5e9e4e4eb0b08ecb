const WHOLE = new Intl.NumberFormat("en-US");

export const count = (value: number): string => WHOLE.format(value);

/** A number with enough digits to compare values, at most four. */
export function decimal(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 10_000 || size < 0.001)) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : digits);
}

/** A logged number: NaN and infinities are shown as such. */
export function logged(value: number | null): string {
  if (value === null || Number.isFinite(value)) return decimal(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
}

/** A share in percent; what is neither none nor all is never rounded to either. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.5) return `${(Math.ceil(value * 10) / 10).toFixed(1)}%`;
  return `${share === 1 || value < 99.5 ? Math.round(value) : (Math.floor(value * 10) / 10).toFixed(1)}%`;
}

/** A text of at most so many letters, cut in its middle: names that begin alike differ at their ends. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor(most * 0.4);
  return `${text.slice(0, most - 1 - end)}…${text.slice(-end)}`;
}

/** A category as people read it: of several labels, a sample may have none. */
export const spokenName = (name: string): string => name || "none";

/** A probability in percent, with one decimal; never rounded to certainty. */
export const chance = (share: number): string =>
  share < 0.0005 ? "< 0.1%" : `${(Math.min(share, share < 1 ? 0.9994 : 1) * 100).toFixed(1)}%`;

/** A size in the unit in which it has at most three digits before the point. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 999_950) return `${(value / 1e3).toFixed(1)} kB`;
  return value < 999.95e6 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(2)} GB`;
}

/** Time since a date, in the largest fitting unit. */
export function ago(moment: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(moment)) / 1000);
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
