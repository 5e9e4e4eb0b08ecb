import { expect, it } from "vitest";
import { keepAnswers } from "./kept";

const whole = (buffer: ArrayBuffer) => buffer;

/** Answers of so many bytes that come when the test says so, and how often each key was asked for. */
function server() {
  const asked: string[] = [];
  const waiting = new Map<string, (buffer: ArrayBuffer) => void>();
  const ask = (key: string) => () => {
    asked.push(key);
    return new Promise<ArrayBuffer>((resolve) => waiting.set(key, resolve));
  };
  const send = (key: string, bytes: number) => waiting.get(key)?.(new ArrayBuffer(bytes));
  return { asked, ask, send };
}

it("forgets the oldest answers, and none that is on its way", async () => {
  const { asked, ask, send } = server();
  const once = keepAnswers(10);
  const get = (key: string) => once(key, ask(key), whole);
  const slow = get("slow");
  for (const key of ["a", "b", "c"]) {
    const answer = get(key);
    send(key, 6);
    await answer;
  }
  expect(get("slow")).toBe(slow);
  send("slow", 4);
  await slow;
  // 10 bytes are kept: "c" and what was slow.
  get("c");
  get("slow");
  expect(asked).toEqual(["slow", "a", "b", "c"]);
  get("a");
  expect(asked.at(-1)).toBe("a");
});

it("counts nothing of an answer that cannot be read, and asks for it again", async () => {
  const { asked, ask, send } = server();
  const once = keepAnswers(10);
  const odd = once("odd", ask("odd"), (buffer) => new Uint16Array(buffer));
  send("odd", 9);
  await expect(odd).rejects.toThrow();
  for (const key of ["a", "b"]) {
    const answer = once(key, ask(key), whole);
    send(key, 5);
    await answer;
  }
  once("a", ask("a"), whole);
  once("odd", ask("odd"), whole);
  expect(asked).toEqual(["odd", "a", "b", "odd"]);
});
