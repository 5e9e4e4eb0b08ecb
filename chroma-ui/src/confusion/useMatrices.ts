import { useCallback } from "react";
import { type Column, type Film, type Frame, fetchColumn, type Revision } from "../api/bytes";
import { useLoaded } from "../lib/useLoaded";
import { confusionOf, type Matrix } from "./matrix";

export type FrameMatrix = { frame: Frame; matrix: Matrix };

/** Of larger films only every k-th frame is counted: so many values at most are fetched. */
const MOST_VALUES = 12_000_000;

async function matrixAt(film: Film, label: Column, prediction: Column, frame: Frame): Promise<Matrix | null> {
  const [given, predicted] = await Promise.all([
    fetchColumn(film, label, frame),
    fetchColumn(film, prediction, frame),
  ]);
  return given.kind === "categorical" && predicted.kind === "categorical"
    ? confusionOf(given, predicted)
    : null;
}

/** The matrices of a film's frames, the last one always among them; null until they are loaded. */
export function useMatrices(
  film: Film,
  revision: Revision,
  label: Column,
  prediction: Column,
): readonly FrameMatrix[] | null {
  const { frames } = revision;
  const load = useCallback(async () => {
    const stride = Math.max(1, Math.ceil((frames.length * film.n) / MOST_VALUES));
    const few = frames.filter((_, i) => (frames.length - 1 - i) % stride === 0);
    const loaded = await Promise.all(
      few.map(async (frame) => ({ frame, matrix: await matrixAt(film, label, prediction, frame) })),
    );
    return loaded.flatMap(({ frame, matrix }) => (matrix?.known ? [{ frame, matrix }] : []));
  }, [film, frames, label, prediction]);
  return useLoaded(load, true);
}
