import type { Found } from "../film/found";
import type { Picture } from "../film/picture";
import { useSelectPoints } from "../film/useSelectedPoints";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { FOUND } from "../state/filters";
import { useView } from "../state/view";
import { Button, IconButton } from "../ui/Button";
import { Cross } from "../ui/icons";
import styles from "./search.module.css";

type Props = { shown: ShownFrame; picture: Picture; found: Found | null };

/** Shown over the canvas while a search is on: what it finds, and actions on that. */
export function SearchBar({ shown, picture, found }: Props) {
  const words = useView((view) => view.search);
  const only = useView((view) => view.filters.some(({ column }) => column === FOUND));
  const coloured = useView((view) => view.colour === FOUND);
  const { setSearch, setFilter, colourBy } = useView.getState();
  const select = useSelectPoints(shown);
  if (words === null) return null;
  const points = found?.points ?? null;
  const { present } = shown.points;
  const drawn = points?.filter((i) => present[i] && picture.sifted.fails[i] === 0) ?? null;
  return (
    <div className={styles.bar} role="toolbar" aria-label="Search" data-testid="search-bar">
      <p role="status" data-testid="search-count">
        {found?.problem ? (
          <span className={styles.problem}>{found.problem}</span>
        ) : points ? (
          <>
            <b>{count(points.length)}</b> of {count(shown.film.n)} match
          </>
        ) : (
          "Searching…"
        )}{" "}
        <code title={words}>{words}</code>
      </p>
      {points && drawn ? (
        <>
          <Button
            data-testid="search-select"
            disabled={drawn.length === 0}
            title="Selects the points that match"
            onClick={() => select(drawn)}
          >
            Select
          </Button>
          <Button
            data-testid="search-only"
            aria-pressed={only}
            title={only ? "Shows the other points again" : "Hides the other points"}
            onClick={() => setFilter(FOUND, only ? null : { column: FOUND, values: ["found"] })}
          >
            Only these
          </Button>
          <Button
            data-testid="search-colour"
            aria-pressed={coloured}
            title="Colours the points by whether they match"
            onClick={() => colourBy(coloured ? "label" : FOUND)}
          >
            Colour
          </Button>
        </>
      ) : null}
      <IconButton label="End the search" data-testid="search-end" onClick={() => setSearch(null)}>
        <Cross size={13} />
      </IconButton>
    </div>
  );
}
