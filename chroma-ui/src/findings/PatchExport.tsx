import type { ProgressFieldsFragment } from "../api/gql/graphql";
import { fetchFromServer } from "../api/http";
import { count } from "../lib/format";
import { saveFile } from "../lib/saveFile";
import { notify } from "../state/notices";
import { Button } from "../ui/Button";
import { Section } from "../ui/controls";
import styles from "./review.module.css";

const FORMATS = ["csv", "parquet", "json"] as const;

/** The decided labels as a file. */
export function PatchExport({ runId, progress }: { runId: string; progress: ProgressFieldsFragment }) {
  const { split, confirmed, relabelled, skipped } = progress;
  const save = async (format: (typeof FORMATS)[number]) => {
    const place = `api/runs/${encodeURIComponent(runId)}/splits/${encodeURIComponent(split)}/patch`;
    try {
      const response = await fetchFromServer(new URL(`${place}?format=${format}`, document.baseURI));
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      saveFile(await response.blob(), `${split.replaceAll(/[^\w.-]+/g, "-")}-patch.${format}`);
    } catch (error) {
      notify(`The patch was not saved: ${error instanceof Error ? error.message : String(error)}.`);
    }
  };
  return (
    <Section title="Patch" note={`${count(relabelled)} ${relabelled === 1 ? "label" : "labels"}`}>
      <p className={styles.note} data-testid="review-counts">
        {count(relabelled)} relabelled, {count(confirmed)} confirmed, {count(skipped)} skipped
      </p>
      <div className={styles.formats}>
        {FORMATS.map((format) => (
          <Button
            key={format}
            disabled={relabelled === 0}
            data-testid={`patch-${format}`}
            onClick={() => void save(format)}
          >
            {format === "parquet" ? "Parquet" : format.toUpperCase()}
          </Button>
        ))}
      </div>
      {relabelled ? (
        <p className={styles.note}>
          Train with it: <code>chroma.apply_patch(dataset, "{split}-patch.json")</code>
        </p>
      ) : null}
    </Section>
  );
}
