/** Pure: why there is no matrix of a film, in a sentence with the way out; null where there is one. */
import type { Film } from "../api/bytes";
import { noteOf } from "../film/columns";

export function refusalOf(film: Film): string | null {
  const named = (name: string) => film.columns.find((column) => column.name === name);
  const [label, prediction] = [named("label"), named("prediction")];
  if (label?.kind === "NUMERIC") return "The labels are numbers, so there are no classes to confuse.";
  if (film.columns.some(({ name }) => name.startsWith("label:")))
    return "Samples have several labels here; a matrix needs one label for each sample.";
  if (!label) return "The labels of these samples are not known: give labels=.";
  if (!prediction)
    return "What the model predicted is not known: log its outputs with logits=, or capture a model with a classifier head.";
  return noteOf(film, "correct");
}
