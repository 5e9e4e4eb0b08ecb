import { describe, expect, it } from "vitest";
import type { Film } from "../api/bytes";
import { pointsAt } from "../scatter/pointsAt";
import { keyOf } from "../state/sampleKey";
import { composePicture, type PictureOptions } from "./picture";
import type { ShownFrame } from "./useShownFrame";

const options: PictureOptions = {
  shade: "dark",
  safe: false,
  classNames: ["a", "b"],
  hidden: [],
  filters: [],
};
const classes = (codes: number[]) => ({
  kind: "categorical" as const,
  codes: Uint16Array.from(codes),
  legend: ["a", "b"],
});

const CONFIDENCE = { kind: "numeric" as const, values: Float32Array.from([0.9, 0.4, 0.8, 0.7, 0.6]) };

function frame(change: Partial<ShownFrame> = {}): ShownFrame {
  const label = classes([0, 0, 1, 1, 65535]);
  return {
    film: { columns: [] as Film["columns"], splits: ["val"] as string[] } as Film,
    revision: {} as ShownFrame["revision"],
    frame: {} as ShownFrame["frame"],
    points: pointsAt([[0, 0], [0, 0], [0, 0], null, [0, 0]]),
    label,
    prediction: classes([0, 1, 1, 0, 0]),
    confidence: CONFIDENCE,
    keys: null,
    cluster: null,
    columns: new Map([["confidence", CONFIDENCE]]),
    colourName: "label",
    colourTitle: "Label",
    colour: label,
    range: null,
    spread: new Float32Array(0),
    ...change,
  };
}

describe("composePicture", () => {
  it("counts the points of the frame in the legend and rates its classes", () => {
    const { legend, scene } = composePicture(frame(), options);
    expect(legend?.map(({ name, count, right }) => [name, count, right])).toEqual([
      ["a", 2, 0.5],
      ["b", 1, 1],
      ["not known", 1, null],
    ]);
    expect([...scene.drawn]).toEqual([0, 1, 2, 4]);
    expect(scene.palette).toHaveLength(3);
  });

  it("hides by name, also what is not known", () => {
    expect([...composePicture(frame(), { ...options, hidden: ["a", "not known"] }).scene.drawn]).toEqual([2]);
  });

  it("narrows to what passes the filters, and marks what is wrong", () => {
    const { scene, wrong } = composePicture(frame(), {
      ...options,
      filters: [{ column: "confidence", range: [0.5, 0.85] }],
    });
    expect([...scene.drawn]).toEqual([2, 4]);
    expect([...(wrong ?? [])]).toEqual([0, 1, 0, 1, 0]);
  });

  it("calls nothing right or wrong where the server does not know which class is which label", () => {
    const correct = { name: "correct", note: "classes have no names; give class_names=" };
    const { legend, wrong } = composePicture(
      frame({ film: { ...frame().film, columns: [correct as Film["columns"][number]] } }),
      options,
    );
    expect(wrong).toBeNull();
    expect(legend?.map(({ right }) => right)).toEqual([null, null, null]);
  });

  it("colours numbers along the ramp and keeps the names of the classes", () => {
    const shown = frame({
      colourName: "margin",
      colour: { kind: "numeric", values: Float32Array.from([0, 1, Number.NaN, 0, 0]) },
      range: [0, 1],
    });
    const { legend, scene } = composePicture(shown, options);
    expect(legend).toBeNull();
    expect([...scene.codes.slice(0, 3)]).toEqual([0, 63, 64]);
    expect(scene.groups?.names).toEqual(["a", "b"]);
  });

  it("names clusters where there are no classes, or where they are the colour", () => {
    const cluster = {
      kind: "categorical" as const,
      codes: Uint16Array.from([0, 0, 1, 65535, 1]),
      legend: ["c1", "c2"],
    };
    const unlabelled = composePicture(frame({ label: null, prediction: null, cluster }), options);
    expect(unlabelled.scene.groups?.names).toEqual(["c1", "c2"]);
    const coloured = composePicture(frame({ cluster, colour: cluster, colourName: "cluster" }), options);
    expect(coloured.scene.groups?.names).toEqual(["c1", "c2"]);
    expect(coloured.scene.groups?.colours).toEqual(coloured.scene.palette.slice(0, 2));
    expect(composePicture(frame({ cluster }), options).scene.groups?.names).toEqual(["a", "b"]);
  });

  it("marks several splits by shape, unless colours say them", () => {
    const film = { ...frame().film, splits: ["train", "val"] } as Film;
    const val = (position: number) => keyOf(film.splits, { split: "val", position }) ?? 0;
    const keys = Uint32Array.of(0, 1, val(0), val(1), val(2));
    const shapes = (change: Partial<ShownFrame>) =>
      composePicture(frame({ film, keys, ...change }), options).scene.shapes;
    expect([...(shapes({}) ?? [])]).toEqual([0, 0, 1, 1, 1]);
    expect(shapes({ colourName: "split" })).toBeNull();
    expect(shapes({ film: { ...film, splits: ["val"] } })).toBeNull();
  });
});
