/** The frames of a film as the page draws them, with what differs from frame to frame. */
import { type ColumnValues, type Frame, fetchColumn, fetchFound, fetchFrame } from "../api/bytes";
import { columnOf } from "../film/found";
import type { ShownFrame } from "../film/useShownFrame";
import { placedLike } from "../scatter/encode";
import { FOUND } from "../state/filters";

const categorical = (values: ColumnValues | null) => (values?.kind === "categorical" ? values : null);
const numeric = (values: ColumnValues | null) => (values?.kind === "numeric" ? values : null);

/** What is shown, at another frame of the same film. */
export async function shownAt(
  shown: ShownFrame,
  frame: Frame,
  search: string | null,
  signal: AbortSignal,
): Promise<ShownFrame> {
  const { film, revision } = shown;
  const at = async <T extends ColumnValues | null>(
    name: string | null,
    now: T,
  ): Promise<ColumnValues | null> => {
    if (name === FOUND && search !== null)
      return columnOf(film.n, await fetchFound(film, search, frame, signal));
    const column = film.columns.find((other) => other.name === name);
    return column?.perFrame && now ? fetchColumn(film, column, frame) : now;
  };
  const [raw, label, prediction, confidence, colour, others] = await Promise.all([
    fetchFrame(film, revision, frame),
    at("label", shown.label),
    at("prediction", shown.prediction),
    at("confidence", shown.confidence),
    at(shown.colourName, shown.colour),
    Promise.all([...shown.columns].map(async ([name, now]) => [name, await at(name, now)] as const)),
  ]);
  signal.throwIfAborted();
  return {
    ...shown,
    frame,
    points: placedLike(raw, shown.points),
    label: categorical(label),
    prediction: categorical(prediction),
    confidence: numeric(confidence),
    colour,
    columns: new Map(others.flatMap(([name, values]) => (values ? [[name, values] as const] : []))),
  };
}
