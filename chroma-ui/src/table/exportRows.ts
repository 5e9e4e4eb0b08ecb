import { fetchFromServer } from "../api/http";
import { fileOf } from "../film/fileOf";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { saveFile } from "../lib/saveFile";
import type { ExportFormat } from "../selection/act";
import { notify } from "../state/notices";

export const FORMATS: readonly (readonly [ExportFormat, string])[] = [
  ["csv", "CSV"],
  ["json", "JSON"],
  ["parquet", "Parquet"],
];

/** Saves rows of a film, in this order, with these columns; null are all of them, with the coordinates. */
export async function exportRows(
  { film, frame }: ShownFrame,
  format: ExportFormat,
  rows: Uint32Array | null,
  columns: readonly string[] | null,
): Promise<void> {
  try {
    const response = await fetchFromServer(
      new URL(`api/films/${encodeURIComponent(film.id)}/export`, document.baseURI),
      {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ points: rows && [...rows], columns, frame: frame.index, format }),
      },
    );
    if (!response.ok) {
      const { detail } = (await response.json()) as { detail?: string };
      throw new Error(detail ?? `the server answered ${response.status}`);
    }
    const [written, of] = (response.headers.get("X-Chroma-Rows") ?? "").split(" of ").map(Number);
    saveFile(await response.blob(), fileOf({ film, frame }, "table", format));
    notify(`Exported ${count(written)} of ${count(of)} samples.`);
  } catch (error) {
    notify(`Nothing was exported: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
