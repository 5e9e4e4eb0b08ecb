/** Pure: what the server says of a film's columns. */
import type { Film } from "../api/bytes";

/** Why values of a column are not known, with the way out; null where nothing is to be said. */
export const noteOf = (film: Film, column: string): string | null =>
  film.columns.find(({ name }) => name === column)?.note ?? null;
