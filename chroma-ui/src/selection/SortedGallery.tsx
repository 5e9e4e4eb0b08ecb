import { useMemo, useState } from "react";
import { sampleAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { decimal } from "../lib/format";
import { IconButton } from "../ui/Button";
import { Section } from "../ui/controls";
import { ArrowDown, ArrowUp } from "../ui/icons";
import { Select } from "../ui/Select";
import { sortedBy } from "./compare";
import { Gallery } from "./Gallery";
import styles from "./selection.module.css";
import { useColumns } from "./useColumns";

type Props = {
  shown: ShownFrame;
  split: { hasImages: boolean };
  indices: Uint32Array;
  classColours: Map<string, string>;
  focused: number | null;
  onFocus: (sample: number) => void;
};

/** The selected samples as thumbnails or lines, sorted by any column. */
export function SortedGallery({ shown, split, indices, classColours, focused, onFocus }: Props) {
  const { label, prediction, film } = shown;
  // The least confident ones first, where the confidence is known.
  const [wanted, setWanted] = useState("confidence");
  const [descending, setDescending] = useState(false);
  const column = film.columns.find(({ name }) => name === wanted) ?? null;
  const order = column?.name ?? "position";
  const wantedColumns = useMemo(() => (column ? [column] : []), [column]);
  const values = useColumns(shown, wantedColumns)?.get(order) ?? null;
  const positions = useMemo(() => sortedBy(indices, values, descending), [indices, values, descending]);
  const said = (i: number) => {
    const { split: own, position } = sampleAt(shown, i);
    return film.splits.length > 1 ? `sample at ${position} of ${own}` : `sample at ${position}`;
  };
  const nameIn = (of: typeof label, i: number) => of?.legend[of.codes[i]] ?? null;
  const shownValue = (i: number) =>
    values?.kind === "numeric" ? decimal(values.values[i]) : values ? nameIn(values, i) : null;

  return (
    <Section title="Samples">
      <div className={styles.order}>
        <Select
          label="Sort the samples by"
          testId="sort-by"
          value={order}
          options={film.columns.map(({ name, title, group }) => ({ value: name, name: title, group }))}
          onChange={setWanted}
        />
        <IconButton
          label={descending ? "Greatest first" : "Least first"}
          data-testid="sort-way"
          onClick={() => setDescending(!descending)}
        >
          {descending ? <ArrowDown size={14} /> : <ArrowUp size={14} />}
        </IconButton>
      </div>
      <Gallery
        shown={shown}
        split={split}
        indices={positions}
        colourOf={(i) => classColours.get(nameIn(prediction ?? label, i) ?? "")}
        nameOf={(i) =>
          [
            said(i),
            label ? `label ${nameIn(label, i) ?? "not known"}` : "",
            prediction ? `predicted ${nameIn(prediction, i) ?? "not known"}` : "",
            ["label", "prediction", "position"].includes(order)
              ? ""
              : `${column?.title ?? order} ${shownValue(i) ?? "–"}`,
          ]
            .filter(Boolean)
            .join(", ")
        }
        focused={focused}
        onFocus={onFocus}
      />
    </Section>
  );
}
