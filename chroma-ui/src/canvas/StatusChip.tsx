import { useStore } from "zustand";
import type { Frame } from "../api/bytes";
import { manyEqual } from "../film/equal";
import type { ShownFrame } from "../film/useShownFrame";
import { count, decimal, percent } from "../lib/format";
import type { Contoured } from "../scatter/clusters";
import type { Parameters } from "../state/parameters";
import { useView } from "../state/view";
import styles from "./canvas.module.css";
import type { Views } from "./views";

type Props = {
  shown: ShownFrame;
  drawn: number;
  views: Views;
  /** Selected samples whose trails are drawn. */
  trails: number;
  selected: number;
  contoured: Contoured | null;
  /** In three dimensions: what is known of the film's own picture does not hold there. */
  spatial?: boolean;
};

/** How many vectors of a frame are equal, where they are many. */
export function Equal({ frame }: { frame: Frame }) {
  const { equal, n } = frame;
  if (!manyEqual(frame)) return null;
  return (
    <span className={styles.preview} data-testid="equal" title="Equal vectors lie in one place">
      <b>{count(equal ?? 0)}</b> of <b>{count(n)}</b> vectors are equal
    </span>
  );
}

/** How many groups have contours, where not all have. */
export function ContoursOf({ contoured }: { contoured: Contoured | null }) {
  if (contoured === null || contoured.groups === contoured.of) return null;
  return (
    <span data-testid="contoured" title="More contours would hide each other: the largest groups have theirs">
      contours of <b>{count(contoured.groups)}</b> of <b>{count(contoured.of)}</b> groups
    </span>
  );
}

/** How many of its neighbours a point keeps in the picture. */
const KEPT = "in_picture";

/** The principal components that are the axes. */
const componentsOf = (parameters: Parameters): number[] =>
  ["first", "second"].map((axis, at) => parameters.find(({ name }) => name === axis)?.value ?? at + 1);

/** How trustworthy the film's picture of a frame is. */
function Quality({ shown }: { shown: ShownFrame }) {
  const { film, frame } = shown;
  const quality = frame.trustworthiness;
  const hasKept = film.columns.some(({ name }) => name === KEPT);
  const sampled = frame.qualityN !== null && frame.qualityN < frame.n ? ` on ${count(frame.qualityN)}` : "";
  return (
    <>
      {quality !== null ? (
        <span title="Neighbours on the map that are neighbours in the full space (Venna & Kaski 2001, k = 15)">
          trustworthiness <b>{decimal(quality)}</b>
          {sampled}
        </span>
      ) : null}
      {hasKept ? (
        <button
          type="button"
          data-testid="why-so"
          aria-pressed={shown.colourName === KEPT}
          title="Colours each point by the share of its 15 nearest neighbours in the full space that the picture keeps"
          onClick={() => useView.getState().colourBy(shown.colourName === KEPT ? "label" : KEPT)}
        >
          where to trust it
        </button>
      ) : null}
      {frame.explained && film.method === "pca" ? (
        <span title="Share of the variance in the full space along each axis" data-testid="explained">
          axes {componentsOf(film.parameters).join(", ")}: {frame.explained.map(percent).join(", ")} of
          variance
        </span>
      ) : null}
      {frame.continuity !== null ? (
        <span title="Neighbours in the full space that are neighbours on the map (Venna & Kaski 2001, k = 15)">
          continuity <b>{decimal(frame.continuity)}</b>
        </span>
      ) : null}
    </>
  );
}

/** How many points are drawn, and how trustworthy the layout is. */
export function StatusChip({ shown, drawn, views, trails, selected, contoured, spatial = false }: Props) {
  const { film, frame, points, revision } = shown;
  const zoom = useStore(views, ({ view }) => (view?.zoom ?? 1).toFixed(1));
  return (
    <p className={styles.status} data-testid="status-chip">
      <span>
        <b>{count(drawn)}</b> of <b>{count(points.n)}</b> points
      </span>
      {trails > 0 && trails < selected ? (
        <span title="More trails would hide each other">
          trails of <b>{count(trails)}</b> of <b>{count(selected)}</b>
        </span>
      ) : null}
      {spatial ? null : <ContoursOf contoured={contoured} />}
      {film.n < film.of ? (
        <span title="The run captures only these samples of the split">
          {count(film.n)} of {count(film.of)} samples
        </span>
      ) : null}
      {!spatial && revision.landmarks !== null && revision.landmarks < film.n ? (
        <span title="These samples were drawn in full, the others placed among them. Refine draws all in full.">
          <b>{count(revision.landmarks)}</b> of <b>{count(film.n)}</b> drawn in full
        </span>
      ) : null}
      <span>
        zoom <b>{zoom}×</b>
      </span>
      <Equal frame={frame} />
      {spatial ? null : <Quality shown={shown} />}
      {revision.preview ? (
        <span className={styles.preview}>{revision.method.toUpperCase()} preview</span>
      ) : null}
    </p>
  );
}
