/** Pure: reads the receipt that the server sends. */
import { count } from "../lib/format";

export type ReceiptLine = {
  layer: string;
  split: string;
  snapshots: number;
  snapshots_of: number;
  n: number;
  of: number;
  dim: number;
  bytes: number;
};

export type Receipt = {
  layers: ReceiptLine[];
  /** How samples are identified, by split. */
  identity: Record<string, string>;
  bytes: number | null;
  seconds: number | null;
  training_seconds: number | null;
  percent: number | null;
  /** What is missing, a sentence for each reason, with how much of what. */
  lost: string[];
  notes: string[];
  errors: string[];
  command: string | null;
};

export const IDENTITIES: Record<string, string> = {
  index: "dataset indices",
  key: "your own keys",
  content: "known by their content",
  order: "unknown: numbered as they came",
};

const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((part) => typeof part === "string") : [];
const object = (value: unknown): Record<string, unknown> =>
  value && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** null where there is no receipt yet; fields that an older Chroma did not write are empty. */
export function readReceipt(value: unknown): Receipt | null {
  const found = object(value);
  if (Object.keys(found).length === 0) return null;
  const lines = Array.isArray(found.layers) ? found.layers.map(object) : [];
  return {
    layers: lines.map((line) => ({
      layer: String(line.layer ?? ""),
      split: String(line.split ?? ""),
      snapshots: number(line.snapshots) ?? 0,
      snapshots_of: number(line.snapshots_of) ?? 0,
      n: number(line.n) ?? 0,
      of: number(line.of) ?? 0,
      dim: number(line.dim) ?? 0,
      bytes: number(line.bytes) ?? 0,
    })),
    identity: Object.fromEntries(
      Object.entries(object(found.identity)).map(([name, known]) => [name, `${known}`]),
    ),
    bytes: number(found.bytes),
    seconds: number(found.seconds),
    training_seconds: number(found.training_seconds),
    percent: number(found.percent),
    lost: Array.isArray(found.lost)
      ? texts(found.lost)
      : // A receipt of an older Chroma tells numbers alone.
        Object.entries(object(found.missing)).map(
          ([reason, missing]) => `${count(number(missing) ?? 0)}: ${reason}`,
        ),
    notes: texts(found.notes),
    errors: texts(found.errors),
    command: typeof found.command === "string" ? found.command : null,
  };
}

/** What is there in part only, a sentence each; empty where all that was taken is there, of all samples. */
export function shortOf({ layers }: Receipt): string[] {
  const snapshots = layers.flatMap((line) =>
    line.snapshots < line.snapshots_of
      ? [
          `${count(line.snapshots)} of ${count(line.snapshots_of)} snapshots of ${line.layer} in ${line.split} were kept.`,
        ]
      : [],
  );
  const samples = layers.flatMap((line) =>
    line.n < line.of ? [`${count(line.n)} of ${count(line.of)} samples of ${line.split} were captured.`] : [],
  );
  return [...new Set([...snapshots, ...samples])];
}
