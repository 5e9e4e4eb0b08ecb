import { useCallback } from "react";
import { useClient } from "urql";
import { RequestFilmDocument } from "../api/gql/graphql";
import type { ShownFrame } from "../film/useShownFrame";
import { filmRequest } from "../runs/choices";
import { notify } from "../state/notices";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { idsOf } from "./act";

/** Requests a film of the selected samples only, and shows it in place of this one. */
export function useProjectOnly(shown: ShownFrame) {
  const client = useClient();
  return useCallback(
    async (indices: Uint32Array) => {
      try {
        const view = useView.getState();
        const { runId, layer, split } = shown.film;
        const sampleIds = (await idsOf(shown, indices)).flatMap(({ ids }) => ids);
        const { data, error } = await client.mutation(RequestFilmDocument, {
          ...filmRequest({ ...view, only: null }, runId, layer, split),
          sampleIds,
        });
        if (!data) throw new Error(error?.graphQLErrors[0]?.message ?? error?.message);
        useSelection.getState().clear();
        view.showOnly(data.requestFilm.id);
      } catch (error) {
        notify(`The film was not computed: ${error instanceof Error ? error.message : String(error)}.`);
      }
    },
    [client, shown],
  );
}
