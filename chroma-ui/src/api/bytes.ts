import type { Sample } from "../state/sampleKey";
import type { FilmFieldsFragment } from "./gql/graphql";
import { fetchFromServer } from "./http";
import { keepAnswers } from "./kept";

export type Film = FilmFieldsFragment;
export type Revision = NonNullable<Film["revision"]>;
export type Frame = Revision["frames"][number];
export type Column = Film["columns"][number];

/** u16 coordinates as the server sends them: x[n], then y[n]; 65535 means missing. */
export type RawFrame = { x: Uint16Array; y: Uint16Array };
export type CategoricalColumn = { kind: "categorical"; codes: Uint16Array; legend: readonly string[] };
export type NumericColumn = { kind: "numeric"; values: Float32Array };
export type ColumnValues = CategoricalColumn | NumericColumn;

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
/** Bytes of answers cached before the oldest ones are dropped. */
const KEPT_BYTES = 256 * 1024 * 1024;

const once = keepAnswers(KEPT_BYTES);

const fetchOnce = <T>(key: string, address: string, decode: (buffer: ArrayBuffer) => T): Promise<T> =>
  once(key, () => fetchBytes(address), decode);

async function fetchBytes(address: string): Promise<ArrayBuffer> {
  const response = await fetchFromServer(new URL(address, document.baseURI));
  if (!response.ok) {
    throw new Error(`The server answered ${response.status} to ${address}: reload the page to try again.`);
  }
  return response.arrayBuffer();
}

function swapped(buffer: ArrayBuffer, width: 2 | 4): ArrayBuffer {
  if (LITTLE_ENDIAN) return buffer;
  const bytes = new Uint8Array(buffer.slice(0));
  for (let start = 0; start < bytes.length; start += width) bytes.subarray(start, start + width).reverse();
  return bytes.buffer;
}

export function decodeFrame(buffer: ArrayBuffer): RawFrame {
  const values = new Uint16Array(swapped(buffer, 2));
  const n = values.length / 2;
  return { x: values.subarray(0, n), y: values.subarray(n) };
}

export function decodeColumn(buffer: ArrayBuffer, column: Column): ColumnValues {
  return column.kind === "CATEGORICAL"
    ? { kind: "categorical", codes: new Uint16Array(swapped(buffer, 2)), legend: column.legend ?? [] }
    : { kind: "numeric", values: new Float32Array(swapped(buffer, 4)) };
}

type Scaled = Pick<Revision, "id" | "offsetX" | "offsetY" | "scale">;

/** Fetches a frame; cached by digest and scale. */
export function fetchFrame(
  film: Pick<Film, "id">,
  revision: Scaled,
  frame: Pick<Frame, "digest">,
): Promise<RawFrame> {
  const key = `${film.id} ${frame.digest} ${revision.offsetX} ${revision.offsetY} ${revision.scale}`;
  const address = `api/films/${encodeURIComponent(film.id)}/frames/${encodeURIComponent(frame.digest)}?dtype=u16&revision=${encodeURIComponent(revision.id)}`;
  return fetchOnce(key, address, decodeFrame);
}

/** Fetches a column in film order; one that differs from frame to frame for this frame. */
export function fetchColumn(
  film: Pick<Film, "id" | "n"> & { revision: { id: string; frames: readonly unknown[] } | null },
  column: Column,
  frame: Pick<Frame, "index" | "step">,
): Promise<ColumnValues> {
  const moment = column.perFrame ? `step ${frame.step}` : "";
  const drawing = column.drawn ? `revision ${film.revision?.id} ${film.revision?.frames.length}` : "";
  const key = `${film.id} ${film.n} ${column.name} ${moment} ${drawing}`;
  const query = column.perFrame ? `?frame=${frame.index}` : "";
  const address = `api/films/${encodeURIComponent(film.id)}/columns/${encodeURIComponent(column.name)}${query}`;
  const decode = (buffer: ArrayBuffer) => decodeColumn(buffer, column);
  // Tags change under the same name, so they are not cached.
  return column.name.startsWith("tag:") ? fetchBytes(address).then(decode) : fetchOnce(key, address, decode);
}

/** The points that a search finds at a frame, ascending. Throws the server's sentence where it cannot be read. */
export async function fetchFound(
  film: Pick<Film, "id">,
  words: string,
  frame: Pick<Frame, "index">,
  signal: AbortSignal,
): Promise<Uint32Array> {
  const query = new URLSearchParams({ words, frame: `${frame.index}` });
  const address = `api/films/${encodeURIComponent(film.id)}/search?${query}`;
  const response = await fetchFromServer(new URL(address, document.baseURI), { signal });
  if (!response.ok) {
    const { detail } = (await response.json().catch(() => ({}))) as { detail?: unknown };
    throw new Error(typeof detail === "string" ? detail : `the server answered ${response.status}`);
  }
  return new Uint32Array(swapped(await response.arrayBuffer(), 4));
}

/** A frame in three dimensions; NaN is missing. */
export function fetchOrbit(
  film: Pick<Film, "id">,
  digest: string,
): Promise<Record<"x" | "y" | "z", Float32Array>> {
  const address = `api/films/${encodeURIComponent(film.id)}/orbit/${encodeURIComponent(digest)}`;
  return fetchOnce(address, address, (buffer) => {
    const values = new Float32Array(swapped(buffer, 4));
    const n = values.length / 3;
    return { x: values.subarray(0, n), y: values.subarray(n, 2 * n), z: values.subarray(2 * n) };
  });
}

export type SplitOfRun = { run: string; split: string };
export type SnapshotKey = SplitOfRun & { layer: string; step: number };

const splitAddress = ({ run, split }: SplitOfRun): string =>
  `api/runs/${encodeURIComponent(run)}/splits/${encodeURIComponent(split)}`;

/** The position of each sample of a split in another split, matched by id; 4294967295 where it is not there. */
export function fetchMatches(one: SplitOfRun, other: SplitOfRun, n: number): Promise<Uint32Array> {
  const query = new URLSearchParams({ other_run: other.run, other_split: other.split });
  const address = `${splitAddress(one)}/matches?${query}`;
  return fetchOnce(`${address} ${n}`, address, (buffer) => new Uint32Array(swapped(buffer, 4)));
}

/** The share of neighbours that each sample of a split also has in another snapshot; NaN where unknown. */
export async function fetchOverlap(one: SnapshotKey, other: SnapshotKey): Promise<Float32Array> {
  const query = new URLSearchParams({
    layer: one.layer,
    step: `${one.step}`,
    other_run: other.run,
    other_split: other.split,
    other_layer: other.layer,
    other_step: `${other.step}`,
  });
  // Not cached: it is known only once both neighbour graphs are.
  const buffer = await fetchBytes(`${splitAddress(one)}/overlap?${query}`);
  return new Float32Array(swapped(buffer, 4));
}

/** Saves a selection that is too long for an address on the server; returns its name there. */
export async function keepSelection(place: SplitOfRun, positions: Uint32Array): Promise<string> {
  const response = await fetchFromServer(new URL(`${splitAddress(place)}/selections`, document.baseURI), {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: swapped(positions.slice().buffer, 4),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return ((await response.json()) as { name: string }).name;
}

/** The positions of a selection saved on the server. */
export async function fetchSelection(place: SplitOfRun, name: string): Promise<Uint32Array> {
  const response = await fetchFromServer(
    new URL(`${splitAddress(place)}/selections/${encodeURIComponent(name)}`, document.baseURI),
  );
  if (response.status === 404) throw new Error("the selection of this link is not kept here");
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return new Uint32Array(swapped(await response.arrayBuffer(), 4));
}

export function imageAddress(run: string, { split, position }: Sample): string {
  return `${splitAddress({ run, split })}/samples/${position}/image`;
}

/** Images of one sprite page; position i is tile i % SPRITES of page i / SPRITES. */
export const SPRITES = 1024;
export const SPRITES_A_ROW = 32;

/** The sprite page with the image of a sample. */
export function spriteAddress(run: string, { split, position }: Sample): string {
  return `${splitAddress({ run, split })}/sprites/${Math.floor(position / SPRITES)}`;
}
