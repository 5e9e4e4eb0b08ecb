import { expect, it } from "vitest";
import { requestFresh } from "./fresh";

/** A server whose state changes; it answers with the state at the time of the request. */
function slowServer() {
  const server = { state: 0, asked: 0, answer: [] as (() => void)[] };
  const request = () =>
    new Promise<number>((resolve) => {
      const then = server.state;
      server.asked += 1;
      server.answer.push(() => resolve(then));
    });
  return { server, request };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

it("asks again after a request under way, for its answer may be older", async () => {
  const { server, request } = slowServer();
  const first = requestFresh("film a", request);
  server.state = 1;
  const second = requestFresh("film a", request);
  server.state = 2;
  const third = requestFresh("film a", request);
  expect(server.asked).toBe(1);
  server.answer.shift()?.();
  expect(await first).toBe(0);
  await settle();
  expect(server.asked).toBe(2);
  server.answer.shift()?.();
  expect(await second).toBe(2);
  expect(await third).toBe(2);
});

it("asks at once where nothing is under way, whatever else is", async () => {
  const { server, request } = slowServer();
  void requestFresh("film b", request);
  const other = requestFresh("film c", request);
  expect(server.asked).toBe(2);
  for (const answer of server.answer.splice(0)) answer();
  await other;
  await settle();
  server.state = 3;
  const later = requestFresh("film b", request);
  server.answer.shift()?.();
  expect(await later).toBe(3);
});
