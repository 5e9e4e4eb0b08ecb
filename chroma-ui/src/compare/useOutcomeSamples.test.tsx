import { cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { Client, fetchExchange, Provider } from "urql";
import { afterEach, expect, it } from "vitest";
import { useOutcomeSamples } from "./useOutcomeSamples";

afterEach(cleanup);

it("takes only what was asked for last", async () => {
  const answers: ((position: number) => void)[] = [];
  const client = new Client({
    url: "http://test",
    preferGetMethod: false,
    exchanges: [fetchExchange],
    fetch: () =>
      new Promise((resolve) => {
        answers.push((position) => {
          const samples = [{ __typename: "FoundSample", position }];
          resolve(new Response(JSON.stringify({ data: { outcomes: { samples } } })));
        });
      }),
  });
  const wrapper = ({ children }: { children: ReactNode }) => <Provider value={client}>{children}</Provider>;
  const pair = { first: "a", second: "b", split: "val" };
  const { result, rerender } = renderHook((given: typeof pair) => useOutcomeSamples(given), {
    wrapper,
    initialProps: pair,
  });
  const slow = result.current("MENDED");
  const last = result.current("BROKEN");
  await waitFor(() => expect(answers).toHaveLength(2));
  answers[1](2);
  expect(await last).toEqual(Uint32Array.of(2));
  answers[0](1);
  expect(await slow).toBeNull();
  const left = result.current("BOTH_WRONG");
  await waitFor(() => expect(answers).toHaveLength(3));
  rerender({ ...pair, second: "c" });
  answers[2](3);
  expect(await left).toBeNull();
});
