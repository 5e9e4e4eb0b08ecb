/** A camera move renders no panel: panels of large films are slow to render, and moves come sixty times a second. */

import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { fetchExchange, subscriptionExchange } from "@urql/core";
import { Tooltip } from "radix-ui";
import { Profiler, type ReactNode, useEffect } from "react";
import { Client, Provider } from "urql";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Given, modelOf } from "../charts/model";
import type { Counted } from "../charts/modelWorker";
import Compare from "../compare/Compare";
import type { Plot } from "../scatter/plot";
import { placedAt } from "../state/layout";
import { DEFAULT_VIEW } from "../state/url";
import { useView } from "../state/view";
import { USUAL } from "./docks";
import { Workspace } from "./Workspace";

const N = 3;
const RUN = {
  id: "r",
  name: "brave fox",
  project: "p",
  status: "FINISHED",
  createdAt: "2026-01-01T00:00:00Z",
  finishedAt: "2026-01-01T00:01:00Z",
  deletedAt: null,
  bytes: 1,
  attempts: 1,
  layers: [{ id: "l", name: "fc1", dim: 2, pooling: "none", reason: "the last hidden layer", default: true }],
  splits: [{ id: "s", name: "val", n: N, of: N, classNames: ["cat"], hasImages: false, hasTexts: false }],
  snapshots: [{ id: "t", layer: "fc1", split: "val", epoch: 0, step: 10, n: N, of: N, status: "COMPLETE" }],
  coordinates: [],
  jointSplits: [],
  methods: [
    {
      ...{ name: "umap", title: "UMAP", description: "", installed: true },
      ...{ install: null, parameters: [], spatial: true, spatialMost: null },
    },
  ],
  metrics: [],
  events: [],
  findings: { status: null, progress: 0, madeAt: null, stale: false, found: [], refused: [], queues: [] },
};
const FRAME = {
  index: 0,
  runId: "r",
  run: RUN.name,
  layer: "fc1",
  epoch: 0,
  step: 10,
  digest: "d",
  n: N,
  of: N,
};
const FILM = {
  id: "f",
  runId: "r",
  layer: "fc1",
  split: "val",
  splits: ["val"],
  together: null,
  parameters: [],
  method: "umap",
  axis: "EPOCHS",
  n: N,
  followed: N,
  of: N,
  snapshotCount: 1,
  status: "READY",
  progress: 1,
  parked: false,
  waiting: null,
  knnAgreement: [null],
  revision: {
    id: "v",
    number: 1,
    method: "umap",
    preview: false,
    ...{ offsetX: 0, offsetY: 0, scale: 1, landmarks: null },
    frames: [
      {
        ...FRAME,
        trustworthiness: 0.9,
        continuity: 0.9,
        neighborhoodHit: null,
        qualityN: N,
        spread: 1,
        effectiveRank: 2,
        equal: 1,
      },
    ],
  },
  columns: [
    {
      ...{ name: "label", title: "Label", group: "Labels", kind: "CATEGORICAL" },
      ...{ perFrame: false, drawn: false, legend: ["cat"], note: null },
    },
  ],
};
const ANSWERS = {
  runsPage: { runs: [RUN], found: 1, of: 1 },
  run: RUN,
  requestFilm: FILM,
  film: FILM,
  views: [],
  filmPartners: { found: [], of: 0 },
};

async function answer(address: string | URL | Request): Promise<Response> {
  const { pathname } = new URL(String(address), "http://host");
  if (pathname.endsWith("graphql")) return Response.json({ data: ANSWERS });
  return new Response(
    new Uint16Array(pathname.includes("/frames/") ? [0, 9, 65534, 0, 9, 65534] : [0, 0, 0]),
  );
}

const followed: unknown[] = [];
vi.mock("../scatter/ScatterPlot", () => ({ ScatterPlot: FakePlot }));

function FakePlot({ onPlot }: { onPlot: (plot: Plot) => void }) {
  useEffect(() => {
    const nothing = () => undefined;
    const plot = { follow: (place: unknown) => followed.push(place), scrub: nothing, setThumbnails: nothing };
    onPlot(plot as unknown as Plot);
  }, [onPlot]);
  return null;
}

/** Counts as the worker does, which no test environment has. */
class CountingHere {
  onmessage: (event: { data: Counted }) => void = () => undefined;
  postMessage(given: Given): void {
    const { x, y: _, ...rest } = modelOf(given);
    queueMicrotask(() => act(() => this.onmessage({ data: { turned: x !== given.x, rest } })));
  }
  terminate(): void {}
}

const renders: string[] = [];
/** A busy machine takes longer than the default second. */
const PATIENT = { timeout: 15_000 };
vi.setConfig({ testTimeout: 60_000 });

async function opened(page: ReactNode) {
  const client = new Client({
    url: "http://host/graphql",
    fetch: answer,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: () => ({ subscribe: () => ({ unsubscribe: () => undefined }) }),
      }),
    ],
  });
  render(
    <Provider value={client}>
      <Tooltip.Provider>
        <Profiler id="page" onRender={(_, phase) => renders.push(phase)}>
          {page}
        </Profiler>
      </Tooltip.Provider>
    </Provider>,
  );
  await waitFor(() => expect(screen.getAllByTestId("legend-item")).toHaveLength(1), PATIENT);
  // The page is complete once it has not rendered for a while.
  await waitFor(async () => {
    const before = renders.length;
    await act(() => new Promise((resolve) => setTimeout(resolve, 100)));
    expect(renders).toHaveLength(before);
  }, PATIENT);
  renders.length = 0;
}

beforeEach(() => {
  vi.stubGlobal("fetch", answer);
  followed.length = 0;
  renders.length = 0;
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("renders nothing of the page while the camera moves over one film", async () => {
  useView.getState().show({ ...DEFAULT_VIEW, run: "r" });
  await opened(<Workspace />);
  act(() => useView.getState().setCamera({ x: 1, y: 0, zoom: 2 }));
  expect(followed).toContainEqual({ x: 1, y: 0, zoom: 2 });
  expect(renders).toEqual([]);
});

it("renders no row of the table and no chart while the camera moves", async () => {
  vi.stubGlobal("Worker", CountingHere);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  const layout = placedAt(placedAt(USUAL, "table", "bottom"), "charts", "right");
  useView.getState().show({ ...DEFAULT_VIEW, run: "r", layout, opened: ["table", "charts"] });
  await opened(<Workspace />);
  await waitFor(() => expect(screen.getByTestId("table-grid")).toBeTruthy(), PATIENT);
  await waitFor(() => expect(screen.getByTestId("chart-note")).toBeTruthy(), PATIENT);
  renders.length = 0;
  act(() => useView.getState().setCamera({ x: 1, y: 0, zoom: 2 }));
  expect(followed).toContainEqual({ x: 1, y: 0, zoom: 2 });
  expect(renders).toEqual([]);
  act(() => useView.getState().focus(1)); // what does render them
  expect(renders).not.toEqual([]);
});

it.each([[[]], [["camera" as const]]])("renders no pane while a camera moves, free: %s", async (free) => {
  const pane = { run: "r", layer: "fc1", step: 10, camera: null, split: null };
  useView.getState().show({ ...DEFAULT_VIEW, panes: [pane, pane], free });
  await opened(<Compare />);
  const camera = { x: 1, y: 0, zoom: 2 };
  act(() => (free.length ? useView.getState().setPane(1, { camera }) : useView.getState().setCamera(camera)));
  expect(followed).toContainEqual(camera);
  expect(renders).toEqual([]);
});
