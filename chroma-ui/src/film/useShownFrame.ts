import { useEffect, useRef, useState } from "react";
import {
  type CategoricalColumn,
  type ColumnValues,
  type Film,
  type Frame,
  fetchColumn,
  fetchFrame,
  type NumericColumn,
  type Revision,
} from "../api/bytes";
import { type Box, boundingBox, type Points, placed, type Square, union } from "../scatter/encode";
import { useConnection } from "../state/connection";
import { keysFrom } from "./keys";
import { knownSorted, valueRange } from "./statistics";

/** A frame with everything needed to draw and explain it. */
export type ShownFrame = {
  film: Film;
  revision: Revision;
  frame: Frame;
  points: Points;
  label: CategoricalColumn | null;
  prediction: CategoricalColumn | null;
  confidence: NumericColumn | null;
  /** Keys of the points' samples; null where each point's number is its key. */
  keys: Uint32Array | null;
  /** Clusters of the layout; null where labels group the points. */
  cluster: CategoricalColumn | null;
  /** The other requested columns by name; columns that the film does not have are left out. */
  columns: ReadonlyMap<string, ColumnValues>;
  colourName: string | null;
  colourTitle: string;
  colour: ColumnValues | null;
  /** The colour scale's range, the same for all frames of the film; null for categories. */
  range: [number, number] | null;
  /** Known values of the colour in frames of the film, ascending, by which a scale is chosen; empty for categories. */
  spread: Float32Array;
};

/**
 * The box that the camera fits, of a film whose first frame has the digest `start`. Once `complete` it covers all
 * frames, or the fetched ones of a film too large to hold in memory. `moves` is false where frames were appended:
 * the camera then stays where it is.
 */
export type FilmBox = { name: string; start: string; box: Box | null; complete: boolean; moves: boolean };

/** All frames of a revision, where the film is small enough to keep them in memory. */
export type FilmPoints = { revision: Revision; frames: readonly Points[] };

/** All frames of a film smaller than this many bytes are fetched in advance. */
const SMALL_FILM = 32 * 1024 * 1024;

type Span = { range: [number, number]; spread: Float32Array };

const NOTHING = new Float32Array(0);

function merged(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort();
}
/** Within this time a page hears that a preview was replaced. */
const SUPERSEDED_MS = 5_000;

const categorical = (values: ColumnValues | null) => (values?.kind === "categorical" ? values : null);
const numeric = (values: ColumnValues | null) => (values?.kind === "numeric" ? values : null);

/** The requested column, else the first of label, prediction, cluster and any other that the film has. */
export function colourColumn(film: Film, wanted: string): Film["columns"][number] | null {
  const choices = film.columns.filter((column) => column.name !== "position");
  const named = (name: string) => choices.find((column) => column.name === name);
  return named(wanted) ?? named("label") ?? named("prediction") ?? named("cluster") ?? choices[0] ?? null;
}

/** Fetches what a frame needs; the previous frame stays on screen until all of it has arrived. */
export function useShownFrame(
  film: Film | null,
  frame: Frame | null,
  colourWanted: string,
  columnsWanted: readonly string[],
) {
  const [shown, setShown] = useState<ShownFrame | null>(null);
  const [box, setBox] = useState<FilmBox | null>(null);
  const [filmPoints, setWhole] = useState<FilmPoints | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const placedFrames = useRef<{ name: string; square: Square; known: WeakMap<object, Points> } | null>(null);
  const spans = useRef(new Map<string, Span>());

  const returns = useConnection((connection) => connection.returns);
  // What a server that was away could not give is fetched once it is back.
  const again = problem === null ? 0 : returns;
  const revision = film?.revision ?? null;
  const latest = useRef(film);
  latest.current = film;
  const wanted = JSON.stringify(columnsWanted);
  const [filmId, n, columns] = [film?.id, film?.n, film?.columns];

  // biome-ignore lint/correctness/useExhaustiveDependencies: a film whose status alone changed is not loaded again
  useEffect(() => {
    const film = latest.current;
    if (!film || !revision || !frame) return;
    let current = true;
    const whole = revision.frames.length * film.n * 4 < SMALL_FILM;
    // The view keeps its square while frames are appended; a film computed by another method has its own.
    const name = `${film.id} ${revision.method}`;
    if (placedFrames.current?.name !== name)
      placedFrames.current = { name, square: revision, known: new WeakMap() };
    const { square, known } = placedFrames.current;
    const start = revision.frames[0]?.digest ?? "";

    const pointsOf = async (at: Frame): Promise<Points> => {
      const raw = await fetchFrame(film, revision, at);
      const before = known.get(raw);
      if (before) return before;
      const points = placed(raw, revision, square);
      known.set(raw, points);
      return points;
    };
    const valuesOf = async (column: string, at: Frame): Promise<ColumnValues | null> => {
      const found = film.columns.find(({ name }) => name === column);
      return found ? fetchColumn(film, found, at) : null;
    };
    const spanOf = async (column: string): Promise<Span | null> => {
      const key = `${film.id} ${column}`;
      const known = spans.current.get(key);
      if (known) return known;
      // The second frame too: columns that compare with the frame before are empty in the first.
      const ends = [revision.frames[0], revision.frames[1], revision.frames[revision.frames.length - 1]];
      const parts = await Promise.all(
        ends.map(async (end) => {
          const values = end ? numeric(await valuesOf(column, end)) : null;
          return values ? knownSorted(values.values) : NOTHING;
        }),
      );
      const ranges = parts.flatMap((part) => {
        const range = valueRange(column, part);
        return range ? [range] : [];
      });
      if (ranges.length === 0) return null;
      const span: Span = {
        range: [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))],
        spread: merged(parts),
      };
      spans.current.set(key, span);
      return span;
    };

    const load = async () => {
      const colour = colourColumn(film, colourWanted);
      const names = JSON.parse(wanted) as string[];
      const grouped = film.columns.some((column) => column.name === "label");
      const [points, label, prediction, confidence, position, split, cluster, others, values, span] =
        await Promise.all([
          pointsOf(frame),
          valuesOf("label", frame),
          valuesOf("prediction", frame),
          valuesOf("confidence", frame),
          valuesOf("position", frame),
          film.splits.length > 1 ? valuesOf("split", frame) : null,
          grouped && colour?.name !== "cluster" ? null : valuesOf("cluster", frame),
          Promise.all(names.map((name) => valuesOf(name, frame))),
          colour ? fetchColumn(film, colour, frame) : null,
          colour?.kind === "NUMERIC" ? spanOf(colour.name) : null,
        ]);
      if (!current) return;
      setProblem(null);
      setBox((before) =>
        before?.name === name
          ? before
          : { name, start, box: boundingBox(points), complete: !whole, moves: true },
      );
      setShown({
        film,
        revision,
        frame,
        points,
        label: categorical(label),
        prediction: categorical(prediction),
        confidence: numeric(confidence),
        keys: keysFrom(film.splits, numeric(position), categorical(split)),
        cluster: categorical(cluster),
        columns: new Map(
          names.flatMap((name, at) => {
            const found = others[at];
            return found ? [[name, found] as const] : [];
          }),
        ),
        colourName: colour?.name ?? null,
        colourTitle: colour?.title ?? "",
        colour: values,
        range: span?.range ?? null,
        spread: span?.spread ?? NOTHING,
      });
      await prefetch(colour?.perFrame ? colour.name : null);
    };

    const prefetch = async (colour: string | null) => {
      const near = revision.frames.filter(({ index }) => whole || Math.abs(index - frame.index) <= 2);
      const loaded = await Promise.all(
        near.map(async (next) => {
          const [points] = await Promise.all([
            pointsOf(next),
            valuesOf("prediction", next),
            valuesOf("confidence", next),
            colour ? valuesOf(colour, next) : null,
            // The open filters' columns too, so that scrubbing needs no request.
            ...columnsWanted.map((name) => valuesOf(name, next)),
          ]);
          return points;
        }),
      );
      if (!current || !whole) return;
      const box = loaded.map(boundingBox).reduce(union, null);
      setWhole((before) => (before?.revision === revision ? before : { revision, frames: loaded }));
      setBox((before) => ({
        name,
        start,
        box,
        complete: true,
        moves: !(before?.name === name && before.complete && before.start === start),
      }));
    };

    load().catch((error: unknown) => {
      const say = () => current && setProblem(error instanceof Error ? error.message : String(error));
      // A preview's frames go when the next revision comes, which the page is about to hear of.
      if (revision.preview) window.setTimeout(say, SUPERSEDED_MS);
      else say();
    });
    return () => {
      current = false;
    };
  }, [filmId, n, columns, revision, frame, colourWanted, wanted, again]);

  const fresh = shown && film && shown.film.id === film.id;
  const whole = fresh && filmPoints?.revision === shown.revision ? filmPoints.frames : null;
  return { shown: fresh ? shown : null, box: fresh ? box : null, framePoints: whole, problem };
}
