import { useCallback, useEffect, useRef } from "react";
import { useClient } from "urql";
import { type Outcome, OutcomeSamplesDocument } from "../api/gql/graphql";
import { notify } from "../state/notices";

const PAGE = 200;

type Pair = { first: string; second: string; split: string };

/**
 * Fetches the positions of the samples of one outcome, ascending; null where another outcome or pair was asked for before
 * all of them came.
 */
export function useOutcomeSamples({ first, second, split }: Pair) {
  const client = useClient();
  const latest = useRef<object | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what comes for another pair is not taken
  useEffect(
    () => () => {
      latest.current = null;
    },
    [first, second, split],
  );
  return useCallback(
    async (outcome: Outcome): Promise<Uint32Array | null> => {
      const asked = {};
      latest.current = asked;
      const positions: number[] = [];
      for (let after = 0; ; after += PAGE) {
        const variables = { first, second, split, outcome, after, many: PAGE };
        const { data, error } = await client.query(OutcomeSamplesDocument, variables);
        if (latest.current !== asked) return null;
        const page = data?.outcomes.samples ?? [];
        positions.push(...page.flatMap(({ position }) => (position === null ? [] : [position])));
        if (error)
          notify(`Not all samples were selected: ${error.graphQLErrors[0]?.message ?? error.message}`);
        if (error || page.length < PAGE) return Uint32Array.from(positions).sort();
      }
    },
    [client, first, second, split],
  );
}
