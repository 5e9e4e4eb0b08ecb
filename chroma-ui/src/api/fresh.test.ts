import { expect, it } from "vitest";
import { askFresh } from "./fresh";

/** A server whose state changes; it answers with the state at the time of the request. */
function slowServer() {
  const server = { state: 0, asked: 0, answer: [] as (() => void)[] };
  const question = () =>
    new Promise<number>((resolve) => {
      const then = server.state;
      server.asked += 1;
      server.answer.push(() => resolve(then));
    });
  return { server, question };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

it("asks again after a question under way, for its answer may be older", async () => {
  const { server, question } = slowServer();
  const first = askFresh("film a", question);
  server.state = 1;
  const second = askFresh("film a", question);
  server.state = 2;
  const third = askFresh("film a", question);
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
  const { server, question } = slowServer();
  void askFresh("film b", question);
  const other = askFresh("film c", question);
  expect(server.asked).toBe(2);
  for (const answer of server.answer.splice(0)) answer();
  await other;
  await settle();
  server.state = 3;
  const later = askFresh("film b", question);
  server.answer.shift()?.();
  expect(await later).toBe(3);
});
