import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { Client, fetchExchange, Provider } from "urql";
import { afterEach, expect, it, vi } from "vitest";
import type { Film } from "../api/bytes";
import { FilmProgress } from "./FilmProgress";
import { sentence } from "./WaitsFor";

afterEach(cleanup);

const WAITING: NonNullable<Film["waiting"]> = {
  kind: "FILM",
  filmId: "large",
  run: "swift otter",
  layer: "fc1",
  split: "val",
  message: "Drawing",
  secondsLeft: 41.6,
  ahead: 0,
  canPark: true,
};

it("says behind what a film waits, and for how long only where that is known", () => {
  expect(sentence(WAITING)).toBe("Waiting behind the film of swift otter, fc1 in val, about 42 s more");
  expect(sentence({ ...WAITING, secondsLeft: 300 })).toMatch(/about 5 min more$/);
  expect(sentence({ ...WAITING, secondsLeft: null, ahead: 2 })).toMatch(/fc1 in val and 2 other films$/);
  expect(sentence({ ...WAITING, kind: "FINDINGS", filmId: null, secondsLeft: null })).toBe(
    "Waiting behind the findings of swift otter",
  );
});

function shown(film: object) {
  const sent: string[] = [];
  const client = new Client({
    url: "http://test",
    exchanges: [fetchExchange],
    fetch: vi.fn(async (_url, options) => {
      sent.push(String(options?.body));
      return new Response(JSON.stringify({ data: { parkFilm: { id: "large", parked: true } } }));
    }),
  });
  render(
    <Provider value={client}>
      <FilmProgress
        film={{ id: "mine", status: "PENDING", progress: 0, ...film } as Film}
        onRequest={vi.fn()}
      />
    </Provider>,
  );
  return sent;
}

it("lets the other film wait on request, once", async () => {
  const sent = shown({ waiting: WAITING });
  fireEvent.click(screen.getByTestId("park-other"));
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]).toContain("parkFilm");
  expect(sent[0]).toContain('"large"');
  expect(screen.queryByTestId("park-other")).toBeNull();
  expect(screen.queryByTestId("stop-other")).toBeNull();
});

it("offers to stop what is parked already, and nothing for findings", () => {
  shown({ waiting: { ...WAITING, canPark: false } });
  expect(screen.queryByTestId("park-other")).toBeNull();
  expect(screen.getByTestId("stop-other")).toBeTruthy();
  cleanup();
  shown({ waiting: { ...WAITING, kind: "FINDINGS", filmId: null } });
  expect(screen.queryByTestId("stop-other")).toBeNull();
});
