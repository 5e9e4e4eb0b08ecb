/** Actions on selected samples: export, copy ids, tag. */
import { useCallback } from "react";
import { useClient } from "urql";
import { fetchColumn } from "../api/bytes";
import { TagSamplesDocument, UntagSamplesDocument } from "../api/gql/graphql";
import { fetchFromServer } from "../api/http";
import { positionsOf } from "../film/positions";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { saveFile } from "../lib/saveFile";
import { notify } from "../state/notices";
import { notifyUndoable, record } from "../state/steps";

export type ExportFormat = "csv" | "json" | "parquet";

async function fetchExport(
  shown: ShownFrame,
  format: ExportFormat | "ids",
  indices: Uint32Array,
): Promise<Response> {
  const { runId, split } = shown.film;
  // Over runs the frame's step may belong to another run.
  const step = shown.frame.runId === runId ? shown.frame.step : null;
  const address = `api/runs/${encodeURIComponent(runId)}/splits/${encodeURIComponent(split)}/samples/export`;
  const response = await fetchFromServer(new URL(address, document.baseURI), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ positions: [...positionsOf(shown, indices)], step, format }),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response;
}

export const idsOf = async (shown: ShownFrame, indices: Uint32Array): Promise<string[]> =>
  (await fetchExport(shown, "ids", indices)).json();

const samples = (n: number) => `${count(n)} ${n === 1 ? "sample" : "samples"}`;
const why = (error: unknown) => (error instanceof Error ? error.message : String(error));

export async function exportSamples(
  shown: ShownFrame,
  indices: Uint32Array,
  format: ExportFormat,
): Promise<void> {
  try {
    const response = await fetchExport(shown, format, indices);
    saveFile(await response.blob(), `${shown.film.split.replaceAll(/[^\w.-]+/g, "-")}-selection.${format}`);
  } catch (error) {
    notify(`Nothing was exported: ${why(error)}.`);
  }
}

export async function copyIds(shown: ShownFrame, indices: Uint32Array): Promise<void> {
  try {
    const ids = await idsOf(shown, indices);
    await navigator.clipboard.writeText(ids.join("\n"));
    notify(`Copied the ids of ${samples(ids.length)}.`);
  } catch (error) {
    notify(`The ids were not copied: ${why(error)}.`);
  }
}

/** Tags and untags samples; both can be undone. */
export function useTagging(shown: ShownFrame) {
  const client = useClient();
  return useCallback(
    async (change: "tag" | "untag", tag: string, indices: Uint32Array) => {
      const { runId, split } = shown.film;
      const write = async (what: "tag" | "untag", sampleIds: string[]) => {
        const document = what === "tag" ? TagSamplesDocument : UntagSamplesDocument;
        const { error } = await client.mutation(document, { runId, split, tag, sampleIds });
        if (error) throw new Error(error.graphQLErrors[0]?.message ?? error.message);
      };
      try {
        const column = shown.film.columns.find(({ name }) => name === `tag:${tag}`);
        const now = column ? await fetchColumn(shown.film, column, shown.frame) : null;
        const carries = (i: number) => now?.kind === "categorical" && now.codes[i] === 1;
        // Undo must not remove the tag from samples that had it before.
        const changed = indices.filter((i) => carries(i) === (change === "untag"));
        const ids = await idsOf(shown, changed);
        if (ids.length === 0) return notify(`Nothing to ${change}: ${tag}.`);
        await write(change, ids);
        const done =
          change === "tag" ? `Tagged ${samples(ids.length)}` : `Removed the tag from ${samples(ids.length)}`;
        record({
          what: `${change === "tag" ? "the tag" : "the removal of the tag"} ${tag} on ${samples(ids.length)}`,
          undo: () => write(change === "tag" ? "untag" : "tag", ids),
          redo: () => write(change, ids),
        });
        notifyUndoable(`${done}: ${tag}.`);
      } catch (error) {
        notify(`The samples were not ${change === "tag" ? "tagged" : "untagged"}: ${why(error)}.`);
      }
    },
    [client, shown],
  );
}
