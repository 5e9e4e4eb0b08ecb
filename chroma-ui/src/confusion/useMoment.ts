import { useCallback, useState } from "react";
import { type CategoricalColumn, type Column, type Frame, fetchColumn } from "../api/bytes";
import type { ShownFrame } from "../film/useShownFrame";
import { useLoaded } from "../lib/useLoaded";

/** Labels and predictions of a frame; null where they are not known. */
export type Moment = {
  frame: Frame;
  label: CategoricalColumn | null;
  prediction: CategoricalColumn | null;
};

/** The frame that the panel counts: that of the film, or one of its own. */
export function useMoment(
  { film, revision, frame, label, prediction }: ShownFrame,
  columns: readonly Column[],
) {
  const [own, setOwn] = useState<number | null>(null);
  const wanted = own === null ? null : (revision.frames[own] ?? null);
  const load = useCallback(async (): Promise<Moment | null> => {
    if (!wanted) return null;
    const found = await Promise.all(columns.map((column) => fetchColumn(film, column, wanted)));
    const [given, predicted] = found.map((values) => (values.kind === "categorical" ? values : null));
    return { frame: wanted, label: given, prediction: predicted };
  }, [film, wanted, columns]);
  const loaded = useLoaded(load, true);
  const now: Moment = wanted && loaded ? loaded : { frame, label, prediction };
  return {
    now,
    index: own ?? revision.frames.findIndex(({ digest }) => digest === frame.digest),
    own,
    setOwn,
  };
}
