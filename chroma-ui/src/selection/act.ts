/** Actions on selected samples: export, copy ids, tag. */
import { useCallback } from "react";
import { useClient } from "urql";
import { fetchColumn } from "../api/bytes";
import { TagSamplesDocument, UntagSamplesDocument } from "../api/gql/graphql";
import { fetchFromServer } from "../api/http";
import { fileOf } from "../film/fileOf";
import { sampleAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { saveFile } from "../lib/saveFile";
import { notify } from "../state/notices";
import { notifyUndoable, record } from "../state/steps";

export type ExportFormat = "csv" | "json" | "parquet";

/** Points of one split, and their positions there. */
type OfSplit = { split: string; positions: number[] };

async function post(address: string, body: unknown): Promise<Response> {
  const response = await fetchFromServer(new URL(address, document.baseURI), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response;
}

function fetchExport(
  { film, frame }: ShownFrame,
  format: ExportFormat | "ids",
  { split, positions }: OfSplit,
): Promise<Response> {
  const { runId } = film;
  // Over runs the frame's step may belong to another run.
  const step = frame.runId === runId ? frame.step : null;
  const address = `api/runs/${encodeURIComponent(runId)}/splits/${encodeURIComponent(split)}/samples/export`;
  return post(address, { positions, step, format });
}

/** Points by their splits, in the order of the film's splits; those without a point are left out. */
function bySplit(shown: ShownFrame, indices: Uint32Array): OfSplit[] {
  const positions = new Map(shown.film.splits.map((split) => [split, [] as number[]]));
  for (const index of indices) {
    const { split, position } = sampleAt(shown, index);
    positions.get(split)?.push(position);
  }
  return [...positions]
    .filter(([, found]) => found.length)
    .map(([split, found]) => ({ split, positions: found }));
}

/** Ids of points, by split. */
export const idsOf = (shown: ShownFrame, indices: Uint32Array): Promise<{ split: string; ids: string[] }[]> =>
  Promise.all(
    bySplit(shown, indices).map(async (part) => ({
      split: part.split,
      ids: (await (await fetchExport(shown, "ids", part)).json()) as string[],
    })),
  );

const samples = (n: number) => `${count(n)} ${n === 1 ? "sample" : "samples"}`;
const why = (error: unknown) => (error instanceof Error ? error.message : String(error));

export async function exportSamples(
  shown: ShownFrame,
  indices: Uint32Array,
  format: ExportFormat,
): Promise<void> {
  try {
    const { film, frame } = shown;
    const [only, ...others] = bySplit(shown, indices);
    // Columns of several splits are those of the film.
    const response =
      only && others.length === 0
        ? await fetchExport(shown, format, only)
        : await post(`api/films/${encodeURIComponent(film.id)}/export`, {
            points: [...indices],
            frame: frame.index,
            format,
          });
    saveFile(await response.blob(), fileOf(shown, "selection", format));
  } catch (error) {
    notify(`Nothing was exported: ${why(error)}.`);
  }
}

export async function copyIds(shown: ShownFrame, indices: Uint32Array): Promise<void> {
  try {
    const ids = (await idsOf(shown, indices)).flatMap((part) => part.ids);
    await navigator.clipboard.writeText(ids.join("\n"));
    notify(`Copied the ids of ${samples(ids.length)}.`);
  } catch (error) {
    notify(`The ids were not copied: ${why(error)}.`);
  }
}

/** Send parts one after another, up to the first that fails: those that were sent, and why no more. */
export async function sendInTurn<Part>(
  parts: readonly Part[],
  send: (part: Part) => Promise<void>,
): Promise<{ sent: Part[]; problem: string | null }> {
  const sent: Part[] = [];
  for (const part of parts) {
    try {
      await send(part);
    } catch (error) {
      return { sent, problem: why(error) };
    }
    sent.push(part);
  }
  return { sent, problem: null };
}

/** Tags and untags samples; both can be undone, also where they reached some splits only. */
export function useTagging(shown: ShownFrame) {
  const client = useClient();
  return useCallback(
    async (change: "tag" | "untag", tag: string, indices: Uint32Array) => {
      const { runId } = shown.film;
      type Parts = Awaited<ReturnType<typeof idsOf>>;
      const write = (what: "tag" | "untag", parts: Parts) => {
        const document = what === "tag" ? TagSamplesDocument : UntagSamplesDocument;
        return sendInTurn(parts, async ({ split, ids: sampleIds }) => {
          const { error } = await client.mutation(document, { runId, split, tag, sampleIds });
          if (error) throw new Error(error.graphQLErrors[0]?.message ?? error.message);
        });
      };
      const again = async (what: "tag" | "untag", parts: Parts) => {
        const { problem } = await write(what, parts);
        if (problem !== null) throw new Error(problem);
      };
      try {
        const column = shown.film.columns.find(({ name }) => name === `tag:${tag}`);
        const now = column ? await fetchColumn(shown.film, column, shown.frame) : null;
        const carries = (i: number) => now?.kind === "categorical" && now.codes[i] === 1;
        // Undo must not remove the tag from samples that had it before.
        const changed = indices.filter((i) => carries(i) === (change === "untag"));
        const parts = await idsOf(shown, changed);
        if (changed.length === 0) return notify(`Nothing to ${change}: ${tag}.`);
        const { sent, problem } = await write(change, parts);
        if (sent.length === 0) throw new Error(problem ?? "");
        const n = sent.reduce((sum, { ids }) => sum + ids.length, 0);
        const done = change === "tag" ? `Tagged ${samples(n)}` : `Removed the tag from ${samples(n)}`;
        record({
          what: `${change === "tag" ? "the tag" : "the removal of the tag"} ${tag} on ${samples(n)}`,
          undo: () => again(change === "tag" ? "untag" : "tag", sent),
          redo: () => again(change, sent),
        });
        const others = problem === null ? "" : ` Not the other ${count(changed.length - n)}: ${problem}.`;
        notifyUndoable(`${done}: ${tag}.${others}`);
      } catch (error) {
        notify(`The samples were not ${change === "tag" ? "tagged" : "untagged"}: ${why(error)}.`);
      }
    },
    [client, shown],
  );
}
