/** Pure: reads the film embedded in an exported page, which `chroma/server/film_export.py` writes. */
import type { ColumnValues } from "../api/bytes";
import { MISSING_U16, type Points, placed, type Square } from "../scatter/encode";

type Header = {
  project: string;
  run: string;
  layer: string;
  split: string;
  method: string;
  /** Points in this file, and samples of the split. */
  n: number;
  of: number;
  square: Square;
  /** What is shown beside the points. */
  parts: ("legend" | "metrics" | "sample")[];
  /** Values by step, NaN as null; of many an even part, of `of`. */
  metrics: { name: string; of: number; points: [step: number, value: number | null][] }[];
  /** `equal`: vectors in the largest group of equal ones, of `n`. */
  frames: { title: string; step: number; trustworthiness: number | null; equal: number | null; n: number }[];
  columns: {
    name: string;
    title: string;
    legend: string[] | null;
    low: number;
    high: number;
    perFrame: boolean;
  }[];
  /** How many columns the film has; a large film is exported without some of them. */
  columnsOf: number;
  /** Bytes of each page of thumbnails: 1,024 points, 32 a row, 32 pixels a side. */
  sprites: number[];
  ids: string[];
};

export type ExportedFilm = Omit<Header, "square" | "columns" | "sprites"> & {
  points: Points[];
  sprites: Uint8Array<ArrayBuffer>[];
  columns: {
    name: string;
    title: string;
    at: (frame: number) => ColumnValues;
    range: [number, number] | null;
  }[];
};

/** Decodes base64 text of zlib-compressed bytes. */
export async function inflate(text: string): Promise<ArrayBuffer> {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** The header's length (u32), the header as JSON, padded to even; u16 arrays, all little-endian; WebP images. */
export function unpack(body: ArrayBuffer): ExportedFilm {
  const view = new DataView(body);
  const length = view.getUint32(0, true);
  const { square, columns, sprites, ...header } = JSON.parse(
    new TextDecoder().decode(new Uint8Array(body, 4, length)),
  ) as Header;
  const { n } = header;
  let at = 4 + length + (length % 2);
  const take = (): Uint16Array => {
    const values = new Uint16Array(n);
    for (let i = 0; i < n; i++) values[i] = view.getUint16(at + 2 * i, true);
    at += 2 * n;
    return values;
  };
  const points = header.frames.map(() => {
    const x = take();
    return placed({ x, y: take() }, square, square);
  });
  const found = columns.map(({ name, title, legend, low, high, perFrame }) => {
    const moments = Array.from({ length: perFrame ? points.length : 1 }, () =>
      valuesOf(take(), legend, low, high),
    );
    return {
      name,
      title,
      at: (frame: number) => moments[perFrame ? frame : 0],
      range: legend ? null : ([low, high] as [number, number]),
    };
  });
  const pages = sprites.map((bytes) => {
    at += bytes;
    return new Uint8Array(body, at - bytes, bytes);
  });
  return { ...header, points, columns: found, sprites: pages };
}

function valuesOf(codes: Uint16Array, legend: string[] | null, low: number, high: number): ColumnValues {
  if (legend) return { kind: "categorical", codes, legend };
  const values = Float32Array.from(codes, (code) =>
    code === MISSING_U16 ? Number.NaN : low + (code / 65534) * (high - low),
  );
  return { kind: "numeric", values };
}
