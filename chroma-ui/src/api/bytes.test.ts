import { afterEach, describe, expect, it, vi } from "vitest";
import { useConnection } from "../state/connection";
import {
  type Column,
  decodeColumn,
  decodeFrame,
  type Film,
  fetchColumn,
  fetchFrame,
  imageAddress,
} from "./bytes";
import { shareParts } from "./useFilm";

function littleEndian(values: number[], write: "setUint16" | "setFloat32", width: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(values.length * width));
  values.forEach((value, i) => {
    view[write](i * width, value, true);
  });
  return view.buffer as ArrayBuffer;
}
const label: Column = {
  name: "label",
  title: "Label",
  group: "Labels",
  kind: "CATEGORICAL",
  perFrame: false,
  drawn: false,
  legend: ["a", "b"],
  note: null,
};
const margin: Column = {
  name: "margin",
  title: "Margin",
  group: "Model",
  kind: "NUMERIC",
  perFrame: true,
  drawn: false,
  legend: null,
  note: null,
};

function filmOf(id: string): Film {
  const frame = (index: number) => ({
    index,
    runId: "a",
    run: "a",
    layer: "fc1",
    epoch: index,
    step: 10 * (index + 1),
    digest: `digest-${index}`,
    n: 2,
    of: 2,
    trustworthiness: null,
    continuity: null,
    neighborhoodHit: null,
    qualityN: null,
    spread: null,
    effectiveRank: null,
    equal: null,
    explained: null,
  });
  return {
    id,
    runId: "r",
    layer: "fc",
    split: "val:1",
    splits: ["val:1"],
    together: null,
    parameters: [],
    method: "umap",
    axis: "EPOCHS",
    subset: false,
    followed: 3,
    n: 2,
    of: 2,
    snapshotCount: 2,
    status: "READY",
    progress: 1,
    message: "",
    error: null,
    parked: false,
    waiting: null,
    knnAgreement: [],
    refinable: false,
    revision: {
      id: "rev 1",
      number: 1,
      method: "umap",
      preview: false,
      offsetX: 0,
      offsetY: 0,
      scale: 1,
      landmarks: null,
      frames: [frame(0), frame(1)],
    },
    columns: [label, margin],
  };
}

describe("decoding", () => {
  it("reads x, then y, as little-endian u16", () => {
    const { x, y } = decodeFrame(littleEndian([1, 65535, 3, 4], "setUint16", 2));
    expect([...x]).toEqual([1, 65535]);
    expect([...y]).toEqual([3, 4]);
  });

  it("reads categories with their legend, and numbers with their gaps", () => {
    const classes = decodeColumn(littleEndian([1, 0, 65535], "setUint16", 2), label);
    expect(classes).toEqual({
      kind: "categorical",
      codes: Uint16Array.from([1, 0, 65535]),
      legend: ["a", "b"],
    });
    const numbers = decodeColumn(littleEndian([0.5, Number.NaN], "setFloat32", 4), margin);
    expect(numbers).toEqual({ kind: "numeric", values: Float32Array.from([0.5, Number.NaN]) });
  });
});

describe("fetching", () => {
  const asked: string[] = [];
  const answer = (status: number) => {
    asked.length = 0;
    vi.stubGlobal("fetch", async (address: URL) => {
      asked.push(`${address.pathname}${address.search}`);
      return new Response(littleEndian([1, 2, 3, 4], "setUint16", 2), { status });
    });
  };
  afterEach(() => {
    vi.unstubAllGlobals();
    useConnection.setState({ status: "ok", returns: 0 });
  });

  it("asks for a frame once per digest and keeps the answer", async () => {
    answer(200);
    const film = filmOf("f/1");
    const { revision } = film;
    if (!revision) throw new Error("the film has a revision");
    const first = await fetchFrame(film, revision, revision.frames[0]);
    const again = await fetchFrame(film, { ...revision, id: "rev 2" }, revision.frames[0]);
    await fetchFrame(film, revision, revision.frames[1]);
    expect(again).toBe(first);
    expect(asked).toEqual([
      "/api/films/f%2F1/frames/digest-0?dtype=u16&revision=rev%201",
      "/api/films/f%2F1/frames/digest-1?dtype=u16&revision=rev%201",
    ]);
  });

  it("names the frame of columns that differ from frame to frame, and of those only", async () => {
    answer(200);
    const film = filmOf("f2");
    const frames = film.revision?.frames ?? [];
    await fetchColumn(film, label, frames[0]);
    await fetchColumn(film, label, frames[1]);
    await fetchColumn(film, margin, frames[0]);
    await fetchColumn(film, margin, frames[1]);
    expect(asked).toEqual([
      "/api/films/f2/columns/label",
      "/api/films/f2/columns/margin?frame=0",
      "/api/films/f2/columns/margin?frame=1",
    ]);
  });

  it("asks again after a refusal and tells that the token is wanted", async () => {
    answer(401);
    const film = filmOf("f3");
    const frame = film.revision?.frames[0];
    if (!frame) throw new Error("the film has a frame");
    await expect(fetchColumn(film, label, frame)).rejects.toThrow("401");
    expect(useConnection.getState().status).toBe("unauthorised");
    answer(200);
    await fetchColumn(film, label, frame);
    expect(useConnection.getState()).toMatchObject({ status: "ok", returns: 1 });
  });
});

describe("shareParts", () => {
  it("keeps what did not change, so that it is not drawn again", () => {
    const before = filmOf("f4");
    const next: Film = { ...filmOf("f4"), status: "RUNNING", progress: 0.5 };
    const shared = shareParts(before, next);
    expect(shared.status).toBe("RUNNING");
    expect(shared.revision).toBe(before.revision);
    expect(shared.columns).toBe(before.columns);
  });

  it("keeps the frames that stay when a new one is appended", () => {
    const before = filmOf("f5");
    const longer = filmOf("f5");
    longer.revision?.frames.push({ ...longer.revision.frames[1], index: 2, step: 30, digest: "new" });
    const shared = shareParts(before, longer);
    expect(shared.revision?.frames).toHaveLength(3);
    expect(shared.revision?.frames[0]).toBe(before.revision?.frames[0]);
    expect(shared.revision).not.toBe(before.revision);
  });
});

it("encodes names in addresses of images", () => {
  expect(imageAddress("a/b", { split: "val:1", position: 7 })).toBe(
    "api/runs/a%2Fb/splits/val%3A1/samples/7/image",
  );
});
