import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { placeX, placeY } from "../scatter/encode";
import { inflate, unpack } from "./unpack";

const HEADER = {
  project: "p",
  run: "<b>🦆</b>",
  layer: "fc",
  split: "val",
  method: "umap",
  n: 2,
  of: 5,
  square: { offsetX: -1, offsetY: -1, scale: 2 },
  frames: [
    { title: "epoch 0", step: 10, trustworthiness: 0.9, equal: 1, n: 3 },
    { title: "epoch 1", step: 20, trustworthiness: null, equal: 3, n: 3 },
  ],
  columns: [
    { name: "label", title: "Label", legend: ["cat", "dog"], low: 0, high: 0, perFrame: false },
    { name: "confidence", title: "Confidence", legend: null, low: 0.5, high: 1, perFrame: true },
  ],
  parts: ["legend", "metrics", "sample"],
  metrics: [
    {
      name: "val_loss",
      of: 2,
      points: [
        [10, 0.5],
        [20, null],
      ],
    },
  ],
  columnsOf: 7,
  sprites: [3, 2],
  ids: ["a", "b"],
};
const NUMBERS = [
  ...[0, 65534, 0, 65535], // the first frame: x, y; the second point is missing
  ...[32767, 65534, 0, 65534],
  ...[1, 0],
  ...[0, 65535],
  ...[65534, 0],
];

const IMAGES = [1, 2, 3, 4, 5];

function packed(): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify(HEADER));
  const start = 4 + head.length + (head.length % 2);
  const body = new DataView(new ArrayBuffer(start + 2 * NUMBERS.length + IMAGES.length));
  body.setUint32(0, head.length, true);
  new Uint8Array(body.buffer).set(head, 4);
  NUMBERS.forEach((value, i) => {
    body.setUint16(start + 2 * i, value, true);
  });
  const bytes = new Uint8Array(body.buffer);
  bytes.set(IMAGES, start + 2 * NUMBERS.length);
  return bytes;
}

describe("a packed film", () => {
  it("is read back: places, gaps, classes, numbers", () => {
    const film = unpack(packed().buffer as ArrayBuffer);
    expect([film.run, film.n, film.of, film.ids]).toEqual(["<b>🦆</b>", 2, 5, ["a", "b"]]);
    expect(film.points.map(({ presentCount }) => presentCount)).toEqual([1, 2]);
    expect(placeX(film.points[1], 1)).toBeCloseTo(1);
    expect(placeY(film.points[0], 0)).toBeCloseTo(-1);
    const [label, confidence] = film.columns;
    expect(label.at(1)).toEqual({
      kind: "categorical",
      codes: Uint16Array.from([1, 0]),
      legend: ["cat", "dog"],
    });
    expect(confidence.range).toEqual([0.5, 1]);
    expect(confidence.at(0)).toEqual({ kind: "numeric", values: Float32Array.from([0.5, Number.NaN]) });
    expect(confidence.at(1)).toEqual({ kind: "numeric", values: Float32Array.from([1, 0.5]) });
  });

  it("carries its thumbnails, page by page", () => {
    const { sprites } = unpack(packed().buffer as ArrayBuffer);
    expect(sprites.map((page) => [...page])).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it("travels as text", async () => {
    const text = deflateSync(packed()).toString("base64");
    expect(unpack(await inflate(text)).layer).toBe("fc");
  });
});
