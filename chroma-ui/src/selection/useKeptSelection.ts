import { useEffect, useRef } from "react";
import { fetchSelection, keepSelection, type SplitOfRun } from "../api/bytes";
import { notify } from "../state/notices";
import { readNumbers, writeNumbers } from "../state/numbers";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";

/** Longer selections are saved on the server: the length of addresses is limited. */
const MOST_LETTERS = 2_000;

async function written(samples: Uint32Array, place: SplitOfRun): Promise<string | null> {
  if (samples.length === 0) return null;
  return writeNumbers(samples, MOST_LETTERS) ?? `@${await keepSelection(place, samples)}`;
}

async function read(text: string, place: SplitOfRun): Promise<Uint32Array> {
  const samples = text.startsWith("@") ? await fetchSelection(place, text.slice(1)) : readNumbers(text);
  if (!samples) throw new Error("the link does not say which samples it selects");
  return samples;
}

/** Keeps the selection and the address in step. */
export function useKeptSelection(run: string | null, split: string | null): void {
  const samples = useSelection((selection) => selection.samples);
  const selected = useView((view) => view.selected);
  /** The last address text and selection that were equal. */
  const same = useRef<{ text: string | null; samples: Uint32Array | null }>({
    text: null,
    samples: null,
  });

  useEffect(() => {
    if (run === null || split === null) return;
    const before = same.current;
    let current = true;
    if (selected !== before.text) {
      if (selected === null) {
        if (samples.length) useSelection.getState().restore(new Uint32Array(0));
        same.current = { text: null, samples: useSelection.getState().samples };
        return;
      }
      read(selected, { run, split })
        .catch((error: unknown) => {
          notify(
            `The link's selection was not restored: ${error instanceof Error ? error.message : String(error)}.`,
          );
          return new Uint32Array(0);
        })
        .then((found) => {
          if (!current) return;
          same.current = { text: selected, samples: found };
          useSelection.getState().restore(found);
        });
    } else if (samples !== before.samples) {
      written(samples, { run, split }).then(
        (text) => {
          if (!current) return;
          same.current = { text, samples };
          useView.getState().setSelected(text);
        },
        (error: unknown) => {
          if (current)
            notify(
              `The address does not include the selection: ${error instanceof Error ? error.message : String(error)}.`,
            );
        },
      );
    }
    return () => {
      current = false;
    };
  }, [samples, selected, run, split]);
}
