import { describe, expect, it } from "vitest";
import { readNumbers, writeNumbers } from "./numbers";

describe("numbers in an address", () => {
  it.each([[[]], [[0]], [[5, 6, 7, 40, 1_000_000]], [[0xffffffff]], [[31, 63, 64, 2 ** 31]]])(
    "%j come back",
    (numbers) => {
      const text = writeNumbers(Uint32Array.from(numbers), 100);
      expect(text).not.toBeNull();
      expect([...(readNumbers(text ?? "") ?? [-1])]).toEqual(numbers);
    },
  );

  it("takes a letter for each of those that lie together", () => {
    expect(
      writeNumbers(
        Uint32Array.from({ length: 500 }, (_, i) => 3 * i),
        500,
      ),
    ).toHaveLength(500);
  });

  it("gives up where the text becomes too long", () => {
    expect(writeNumbers(Uint32Array.from([1, 2, 3]), 2)).toBeNull();
  });

  it.each(["@", "g", "____________A"])("refuses %s", (text) => {
    expect(readNumbers(text)).toBeNull();
  });
});
