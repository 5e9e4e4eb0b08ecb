import { expect, it } from "vitest";
import { allFrom, joined } from "./pages";

const ALL = Array.from({ length: 2345 }, (_, at) => ({ id: `run-${at}` }));
/** As the server answers: a page holds a thousand at most, whatever is asked for. */
const ask = async (offset: number) => ({ of: ALL.length, runs: ALL.slice(offset, offset + 1000) });

it("asks for page after page until all is there", async () => {
  const older = await allFrom(500, ask);
  expect(older).toHaveLength(1845);
  expect(joined(ALL.slice(0, 500), older ?? [])).toEqual(ALL);
  expect(await allFrom(2345, ask)).toEqual([]);
});

it("ends where the list became shorter meanwhile", async () => {
  const shorter = async (offset: number) => ({
    of: 3000,
    runs: offset < 1500 ? ALL.slice(offset, 1500) : [],
  });
  expect(await allFrom(500, shorter)).toHaveLength(1000);
});

it("gives nothing rather than a part", async () => {
  expect(await allFrom(0, async (offset) => (offset < 2000 ? ask(offset) : null))).toBeNull();
});

it("lists once what moved to the next page", () => {
  const [a, b, c] = ALL;
  expect(joined([a, b], [{ ...b }, c])).toEqual([a, b, c]);
});
